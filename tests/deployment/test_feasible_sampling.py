import numpy as np
import pytest

from fag_tf.deployment.feasible_sampling import draw_feasible
from fag_tf.deployment.sampler import load_model
from fag_tf.errors import InputError


def test_feasible_samples_are_the_first_of_the_stream_that_pass(stand_in_model, observation):
    sampler = load_model(stand_in_model)
    action, feasibility = sampler.sample(observation, 2000, seed=4)
    wanted = np.flatnonzero(feasibility[0] >= 0.9)[:20]
    (found,) = draw_feasible(sampler, observation, 20, seed=4, min_feasibility=0.9)
    np.testing.assert_allclose(found.action, action[0, wanted], atol=1e-6)
    np.testing.assert_allclose(found.feasibility, feasibility[0, wanted], atol=1e-6)
    assert found.tries == wanted[-1] + 1


def test_each_state_gets_what_it_would_get_alone(stand_in_model, observation):
    sampler = load_model(stand_in_model)
    image = np.concatenate([observation["image"], np.roll(observation["image"], 20, axis=1)])
    several = {"image": image, "gripper": np.repeat(observation["gripper"], 2, axis=0)}
    several["gripper"][1, 0] = 0.095
    found = draw_feasible(sampler, several, 700, seed=1, min_feasibility=0.8)
    assert len(found) == 2
    assert found[0].tries != found[1].tries
    for index, one in enumerate(found):
        state = {name: array[index : index + 1] for name, array in several.items()}
        (alone,) = draw_feasible(sampler, state, 700, seed=1, min_feasibility=0.8)
        np.testing.assert_allclose(one.action, alone.action, atol=1e-6)
        assert (one.tries, one.best) == (alone.tries, pytest.approx(alone.best))


def test_without_a_threshold_all_samples_are_kept(stand_in_model, observation):
    (found,) = draw_feasible(load_model(stand_in_model), observation, 30, 0, 0.0)
    assert found.tries == len(found.action) == 30


def test_a_further_test_chooses_among_those_that_reach_the_threshold(stand_in_model, observation):
    sampler = load_model(stand_in_model)

    def upper(state, actions):
        assert state == 0
        return actions[:, 1] > 0

    action, feasibility = sampler.sample(observation, 2000, seed=4)
    wanted = np.flatnonzero((feasibility[0] >= 0.9) & (action[0, :, 1] > 0))[:20]
    (found,) = draw_feasible(sampler, observation, 20, 4, 0.9, accept=upper)
    np.testing.assert_allclose(found.action, action[0, wanted], atol=1e-6)
    assert found.tries == wanted[-1] + 1


def test_the_bound_of_tries_is_kept(stand_in_model, observation):
    (found,) = draw_feasible(load_model(stand_in_model), observation, 1, 0, 0.999)
    assert found.tries == 4096
    assert found.action.shape == (0, 3)
    assert 0.9 < found.best < 0.999


def test_fewer_are_given_when_the_tries_run_out(stand_in_model, observation):
    (found,) = draw_feasible(load_model(stand_in_model), observation, 90, 0, 0.5, max_tries=100)
    assert found.tries == 100
    assert 20 < len(found.action) < 90


@pytest.mark.parametrize(
    ("count", "threshold"), [(0, 0.5), (-1, 0.5), (1, 1.5), (1, -0.1), (1, float("nan"))]
)
def test_a_wrong_count_or_threshold_is_refused(count, threshold, stand_in_model, observation):
    with pytest.raises(InputError):
        draw_feasible(load_model(stand_in_model), observation, count, 0, threshold)


def test_the_log_density_stays_with_its_action(dense_model, observation):
    several = {name: np.repeat(array, 2, axis=0) for name, array in observation.items()}
    several["image"][1] = np.roll(several["image"][1], 20, axis=1)
    for found in draw_feasible(load_model(dense_model), several, 400, seed=1, min_feasibility=0.8):
        assert found.log_density.shape == (400,)
        np.testing.assert_allclose(found.log_density, 2.0 - 100.0 * found.action[:, 0], atol=1e-5)


@pytest.mark.parametrize("tries", [0, 50])
def test_no_sample_that_passes_has_no_log_density(tries, dense_model, observation):
    (found,) = draw_feasible(load_model(dense_model), observation, 5, 0, 1.0, max_tries=tries)
    assert found.action.shape == (0, 3)
    assert found.log_density.shape == (0,)


def test_a_model_without_a_log_density_finds_samples_without(stand_in_model, observation):
    (found,) = draw_feasible(load_model(stand_in_model), observation, 5, 0)
    assert found.log_density is None
