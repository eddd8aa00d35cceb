import numpy as np
import pytest

from fag_tf.config.schema import CollectConfig
from fag_tf.environments.base import Environment
from fag_tf.environments.toys.planar import Boxes
from fag_tf.errors import InputError
from fag_tf.training.build import build_trainer
from fag_tf.training.demonstrations import remember_examples
from fag_tf.training.replay_memory import ReplayMemory
from reference.tiny_runs import (
    assert_same_state,
    eagerly,  # noqa: F401, used by all tests here
    state_of,
    tiny_config,
)

BOXES = Boxes(dim=2, num_boxes=2)


def rng_of(count):
    return np.random.default_rng([7, count])


def remembered(num_imitation, experiences=20, environment=BOXES):
    memory = ReplayMemory(100, experiences, BOXES.observation_spec, 2)
    collect = CollectConfig(num_imitation=num_imitation, experiences=experiences)
    return memory, remember_examples(environment, memory, collect, rng_of)


class Barren(Boxes):
    """Nothing is feasible anywhere."""

    def contains(self, state, actions):
        return np.zeros(actions.shape[:-1], bool)


class Secretive(Environment):
    """An environment that cannot list its truth."""

    name = "secretive"
    action_space, observation_spec = BOXES.action_space, BOXES.observation_spec
    draw_states, observe, feasibility = BOXES.draw_states, BOXES.observe, BOXES.feasibility


def test_half_of_what_is_remembered_is_feasible_by_the_exact_rules_and_half_is_random():
    memory, interactions = remembered(45)
    arrays = memory.state_arrays()
    # Ten examples a state: five states hold the forty-five asked for.
    assert len(memory) == 5
    assert interactions == 5 * 10
    assert arrays["feasibility"][:, :10].all()
    states = [BOXES.draw_states(rng_of(n), 1)[0] for n in range(5)]
    np.testing.assert_array_equal(
        arrays["feasibility"], BOXES.feasibility(states, arrays["actions"])
    )
    np.testing.assert_array_equal(arrays["observation.centres"], BOXES.observe(states)["centres"])
    assert arrays["feasibility"][:, 10:].mean() < 0.5


def test_examples_come_from_every_mode():
    memory, _ = remembered(400, experiences=40)
    arrays = memory.state_arrays()
    middles, examples = arrays["observation.centres"], arrays["actions"][:, :20]
    nearest = np.linalg.norm(examples[:, :, None] - middles[:, None], axis=-1).argmin(axis=-1)
    assert set(np.unique(nearest)) == {0, 1}
    assert 0.2 < nearest.mean() < 0.8


def test_an_environment_that_cannot_list_its_truth_is_refused():
    with pytest.raises(InputError, match=r"num_imitation.*5.*'secretive'"):
        remembered(5, environment=Secretive())


def test_an_environment_where_nothing_is_feasible_is_refused_and_not_searched_for_ever():
    with pytest.raises(InputError, match=r"\b101\b.*\b0\b"):
        remembered(5, environment=Barren())


def test_a_run_takes_its_examples_once_and_counts_the_tried_actions():
    settings = ("collect.num_imitation=30", "memory.capacity=100")
    trainer = build_trainer(tiny_config(*settings))
    trainer.run(stop=lambda: trainer.step == 3)
    # Two states of 32 actions, half of them tried, then three rounds and one more of collecting;
    # another is under way.
    assert trainer.memory.added == 2 + 12 + 4
    assert trainer.interactions == 2 * 16 + 4 * 4 * 32
    trainer.run()
    assert trainer.memory.added == 2 + 12 + 12
    whole = build_trainer(tiny_config(*settings))
    whole.run()
    assert_same_state(state_of(trainer), state_of(whole))
