import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import fag_tf as fag
from fag_tf.rl.baselines import ConstraintWrapper, Lagrangian, Penalty, Projection, Replacement
from fag_tf.rl.feasible_environment import feasible_environment
from reference.band import HALF, Band, BandMapping, BoxBand

ALLOWED, NOT = np.float32([0.1, 0.5]), np.float32([1.0, 0.5])


def begun(env):
    """The environment in a state whose place is 0."""
    env.reset(seed=0)
    env.unwrapped.place = np.float32([0.0])
    env._see({"place": env.unwrapped.place})
    return env


@pytest.mark.parametrize("kind", [Penalty, Lagrangian, Replacement, Projection])
def test_an_allowed_action_is_taken_as_it_is(kind):
    *_, info = begun(kind(Band())).step(ALLOWED)
    np.testing.assert_array_equal(info["action"], ALLOWED)
    assert info["feasible"]
    assert not info["intervened"]


@pytest.mark.parametrize("kind", [Penalty, Lagrangian, Replacement, Projection])
def test_the_checker_of_gymnasium_finds_nothing(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*different from the unwrapped version.*")
        # The actions are the environment's own.
        warnings.filterwarnings("ignore", ".*symmetric and normalized space.*")
        check_env(kind(gymnasium.make("reference/Band-v0")))


def test_a_penalty_is_paid_for_an_action_that_is_not_allowed():
    assert begun(Penalty(Band(), 3.0)).step(NOT)[1] == pytest.approx(0.5 - 3.0)
    assert begun(Penalty(Band(), 3.0)).step(ALLOWED)[1] == pytest.approx(0.5)


def test_the_multiplier_rises_while_actions_break_the_constraint_and_then_falls():
    env = Lagrangian(Band(), limit=0.25, rate=2.0, every=4)

    def four_steps(action):
        for _ in range(4):
            begun(env).step(action)
        return env.multiplier

    assert four_steps(NOT) == pytest.approx(1.5)
    assert begun(env).step(NOT)[1] == pytest.approx(0.5 - 1.5)
    for _ in range(3):
        begun(env).step(ALLOWED)
    assert env.multiplier == pytest.approx(1.5)  # a quarter of the steps is the limit
    assert four_steps(ALLOWED) == pytest.approx(1.0)
    for _ in range(3):
        last = four_steps(ALLOWED)
    assert last == 0.0


@pytest.mark.parametrize("model", [None, BandMapping()])
def test_a_replacement_is_an_allowed_action_drawn_at_random(model):
    env = Replacement(Band(), model=model)
    taken = []
    for seed in range(40):
        begun(env).rng = np.random.default_rng(seed)
        info = env.step(NOT)[4]
        assert info["intervened"]
        assert info["feasible"]
        taken.append(info["action"])
    along, free = np.transpose(taken)
    assert np.abs(along).max() <= HALF + 1e-5
    assert along.std() > 0.08
    assert free.std() > 0.3


def test_a_replacement_draws_on_until_an_action_is_allowed(monkeypatch):
    env = begun(Replacement(Band(), draws=200))
    asked = []

    def only_the_last_of_the_third(actions):
        asked.append(len(actions))
        return np.arange(len(actions)) == (63 if len(asked) == 3 else -1)

    monkeypatch.setattr(env, "allowed", only_the_last_of_the_third)
    assert env.replaced(NOT).shape == NOT.shape
    assert asked == [64, 64, 64]
    asked[:] = [0] * 3
    assert env.replaced(NOT) is NOT
    assert asked[3:] == [64, 64, 64, 8]


def test_where_no_draw_is_allowed_the_action_is_taken():
    env = begun(Replacement(Band(), draws=1))
    env.rng = np.random.default_rng(0)  # whose first draw is far from the band
    info = env.step(NOT)[4]
    assert not info["feasible"]
    assert not info["intervened"]


def test_a_projection_is_exact_where_the_constraint_can():
    info = begun(Projection(Band(exact=True))).step(NOT)[4]
    np.testing.assert_allclose(info["action"], [HALF, 0.5], atol=1e-6)
    assert info["intervened"]


def test_a_projection_by_draws_is_near_the_exact_one():
    env = begun(Projection(Band(), draws=20_000))
    info = env.step(np.float32([0.3, 0.5]))[4]
    np.testing.assert_allclose(info["action"], [HALF, 0.5], atol=0.02)


def test_a_constraint_can_be_given():
    constraint = feasible_environment(
        BoxBand, lambda o, a: np.abs(a[:, 0] - o) <= HALF, num_states=2
    ).constraint
    env = Projection(BoxBand(), constraint=constraint)
    observation, _ = env.reset(seed=0)
    info = env.step(np.float32([1.9 * np.sign(-observation[0]), 0.0]))[4]
    assert info["intervened"]
    assert info["feasible"]


def test_an_environment_without_a_constraint_is_refused():
    with pytest.raises(fag.InputError, match="no constraint"):
        ConstraintWrapper(BoxBand())
