import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fag_tf.collection import collect, drawn_actions, least_certain
from fag_tf.config import CollectConfig
from fag_tf.environments.toys import Boxes
from fag_tf.learner import Learner
from fag_tf.memory import ReplayMemory
from reference.tiny_runs import eagerly, tiny_config  # noqa: F401

BOXES = Boxes(dim=2, num_boxes=1)


class Watched(Boxes):
    """Keeps what it is asked."""

    def __init__(self):
        super().__init__(dim=2, num_boxes=1)
        self.asked = []

    def feasibility(self, states, actions):
        self.asked.append(actions)
        return super().feasibility(states, actions)


def round_of(**settings):
    """What one round asks, remembers and reports, and the learner that chose."""
    collected = CollectConfig(states=5, experiences=64, **settings)
    learner, environment = Learner(tiny_config(), BOXES), Watched()
    memory = ReplayMemory(100, 64, BOXES.observation_spec, 2)
    rng = np.random.default_rng(0)
    interactions, figures = collect(environment, learner, memory, collected, rng)
    return interactions, figures, environment.asked, memory.state_arrays(), learner


def test_every_action_tried_is_an_interaction_and_remembered():
    interactions, _, (asked,), arrays, _ = round_of()
    assert interactions == asked[..., 0].size == 5 * 64
    np.testing.assert_array_equal(arrays["actions"], asked)


def test_half_are_taken_as_drawn_and_the_others_are_the_least_certain_of_many():
    _, figures, (asked,), arrays, learner = round_of(uncertain_share=0.5, pool=20)
    observation = {name: arrays[f"observation.{name}"] for name in BOXES.observation_spec}
    unsure = np.abs(learner.judge(observation, asked).numpy())
    # Twenty times as many to choose from: nearly all are surer than nearly any of the chosen.
    assert unsure[:, 32:].max() < np.quantile(unsure[:, :32], 0.5)
    own = round(32 * (1 - 0.125 - 0.5))
    assert figures["feasible_rate"] == pytest.approx(arrays["feasibility"][:, :own].mean())


def test_without_uncertainty_all_are_taken_as_drawn():
    _, figures, _, arrays, _ = round_of(uncertain_share=0.0)
    own = 64 - 8 - 32
    assert figures["feasible_rate"] == pytest.approx(arrays["feasibility"][:, :own].mean())


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
