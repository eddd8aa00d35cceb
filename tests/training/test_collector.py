import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fag_tf.config.schema import CollectConfig
from fag_tf.environments.toys.planar import Boxes
from fag_tf.errors import InputError
from fag_tf.training.build import build_learner
from fag_tf.training.collector import Collector, drawn_actions, least_certain
from reference.tiny_runs import eagerly, tiny_config  # noqa: F401

BOXES = Boxes(dim=2, num_boxes=1)


class Watched(Boxes):
    """Keeps what it is asked, and by which thread."""

    def __init__(self):
        super().__init__(dim=2, num_boxes=1)
        self.asked, self.threads = [], set()

    def feasibility(self, states, actions):
        self.asked.append(actions)
        self.threads.add(threading.current_thread())
        return super().feasibility(states, actions)


def collector_of(background=False, **settings):
    """A collector and the environment that it asks."""
    environment = Watched()
    learner = build_learner(tiny_config(), environment)
    settings = CollectConfig(states=5, experiences=64, **settings)
    return Collector(environment, learner, settings, np.random.default_rng, background), learner


def round_of(collector, number=0):
    collector.begin(number)
    return collector.finish()


def assert_same(one, other):
    (observed, *rest, figures), (others_observed, *others, others_figures) = (
        (*found.experience, found.figures) for found in (one, other)
    )
    for name in observed:
        np.testing.assert_array_equal(observed[name], others_observed[name])
    for array, another in zip(rest, others, strict=True):
        np.testing.assert_array_equal(array, another)
    assert figures == others_figures


def test_every_action_tried_is_an_interaction_and_kept_with_its_verdict():
    collector, _ = collector_of()
    found = round_of(collector)
    (asked,) = collector.environment.asked
    assert found.interactions == asked[..., 0].size == 5 * 64
    np.testing.assert_array_equal(found.experience.actions, asked)
    states = collector.environment.draw_states(np.random.default_rng(0), 5)
    verdicts = collector.environment.feasibility(states, asked)
    np.testing.assert_array_equal(found.experience.feasibility, verdicts)
    assert collector.finish() is None


def test_half_are_taken_as_drawn_and_the_others_are_the_least_certain_of_many():
    collector, learner = collector_of(uncertain_share=0.5, pool=20)
    found = round_of(collector)
    unsure = np.abs(learner.logits(found.experience.observation, found.experience.actions).numpy())
    # Twenty times as many to choose from: nearly all are surer than nearly any of the chosen.
    assert unsure[:, 32:].max() < np.quantile(unsure[:, :32], 0.5)
    own = round(32 * (1 - 0.125 - 0.5))
    rate = found.experience.feasibility[:, :own].mean()
    assert found.figures["feasible_rate"] == pytest.approx(rate)


def test_without_uncertainty_all_are_taken_as_drawn():
    found = round_of(collector_of(uncertain_share=0.0)[0])
    own = 64 - 8 - 32
    rate = found.experience.feasibility[:, :own].mean()
    assert found.figures["feasible_rate"] == pytest.approx(rate)


def test_a_second_thread_finds_the_same_and_asks_all_by_itself():
    collector, _ = collector_of(background=True)
    alone, _ = collector_of()
    for number in range(3):
        assert_same(round_of(collector, number), round_of(alone, number))
    # Whatever round was prepared, another one can be begun.
    assert_same(round_of(collector, 7), round_of(alone, 7))
    assert threading.current_thread() not in collector.environment.threads
    assert alone.environment.threads == {threading.current_thread()}


def test_a_round_that_is_not_finished_survives_as_arrays():
    collector, _ = collector_of(background=True)
    assert collector.state_arrays() == {}
    collector.begin(4)
    arrays = collector.state_arrays()
    other, _ = collector_of(background=True)
    other.begin(2)
    other.restore_arrays(arrays)
    assert_same(other.finish(), collector.finish())
    other.restore_arrays({})
    assert other.finish() is None


def test_a_saved_round_of_another_shape_is_refused():
    collector, _ = collector_of()
    collector.begin(0)
    arrays = collector.state_arrays() | {"pending.actions": np.zeros((5, 3, 2), np.float32)}
    with pytest.raises(InputError, match=r"actions.*\(64, 2\)"):
        collector.restore_arrays(arrays)


@pytest.mark.parametrize("background", [False, True])
def test_what_fails_beside_learning_is_told(background):
    collector, _ = collector_of(background)

    def failing(states, actions):
        raise RuntimeError("the robot is off")

    collector.environment.feasibility = failing
    with pytest.raises(InputError, match=r"feasibility.*RuntimeError: the robot is off"):
        round_of(collector)


def test_drawn_actions_are_the_actors_the_perturbed_and_uniform_ones_in_their_shares():
    settings = CollectConfig(uniform_share=0.25, perturbed_share=0.5, perturbation=0.01)
    rng = np.random.default_rng(1)
    actions = BOXES.action_space.sample(rng, (6, 64))
    drawn, own = drawn_actions(rng, BOXES.action_space, settings, actions)
    assert own == 16
    np.testing.assert_array_equal(drawn[:, :16], actions[:, :16])
    noise = drawn[:, 16:48] - actions[:, 16:48]
    assert 0.005 < noise.std() < 0.02  # half the range is 1
    assert np.abs(drawn[:, 48:] - actions[:, 48:]).mean() > 0.1
    uniform = drawn[:, 48:].reshape(-1)
    assert abs(uniform.mean()) < 5 * np.sqrt(1 / 3 / uniform.size)


@given(uniform=st.floats(0, 1), share=st.floats(0, 1), count=st.integers(0, 30))
def test_shares_never_add_up_to_more_than_there_are(uniform, share, count):
    settings = CollectConfig(uniform_share=uniform, perturbed_share=(1 - uniform) * share)
    actions = np.zeros((2, count, 2), np.float32)
    drawn, own = drawn_actions(np.random.default_rng(0), BOXES.action_space, settings, actions)
    assert drawn.shape == actions.shape
    assert 0 <= own <= count


def test_the_least_certain_are_those_nearest_to_even_odds():
    logits = np.array([[3.0, -0.1, 0.2, -5.0], [1.0, 2.0, -3.0, 0.0]], np.float32)
    np.testing.assert_array_equal(least_certain(logits, 2), [[1, 2], [3, 0]])
    assert least_certain(logits, 0).shape == (2, 0)


def test_what_is_remembered_is_what_was_tried_even_if_the_environment_changes_it():
    class Careless(Boxes):
        def feasibility(self, states, actions):
            labels = super().feasibility(states, actions)
            actions[...] = 0.0
            return labels

    collector, _ = collector_of()
    wanted = round_of(collector)
    collector.environment = Careless(dim=2, num_boxes=1)
    assert_same(round_of(collector), wanted)
