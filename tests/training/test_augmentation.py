import numpy as np
import pytest

from fag_tf.training.augmentation import with_copies
from fag_tf.training.replay_memory import ExperienceBatch
from reference.least_environment import Least, Symmetric


def known(environment, copies, seed=0):
    """Labels of five actions in each of four states, and those with copies."""
    rng = np.random.default_rng(seed)
    states = environment.draw_states(rng, 4)
    actions = environment.action_space.sample(rng, (4, 5))
    actions[0, 0] = -0.5
    feasible = rng.random((4, 5)) < 0.5
    feasible[0, 0] = False
    batch = ExperienceBatch(environment.observe(states), actions, feasible)
    return batch, with_copies(environment, rng, copies, states, batch)


def test_copies_follow_the_states_with_their_labels():
    (observed, actions, feasible, _), (observation, carried, labels, _) = known(Symmetric(), 3)
    assert observation["state"].shape == (16, 1)
    np.testing.assert_array_equal(observation["state"][:4], observed["state"])
    np.testing.assert_array_equal(carried[:4], actions)
    np.testing.assert_array_equal(labels[:4], feasible)
    inside = Symmetric().action_space.contains(carried)
    assert not inside[4:].all()
    assert inside[4:].any()
    # Off the space nothing is feasible.
    np.testing.assert_array_equal(labels, np.tile(feasible, (4, 1)) & inside)
    apart = observation["state"][4:8, 0] - observation["state"][:4, 0]
    expected = np.broadcast_to(apart[:, None, None], actions.shape).copy()
    expected[0, 0] = 0.0  # tried outside the space: elsewhere it might be feasible
    np.testing.assert_allclose(carried[4:8] - actions, expected, atol=1e-6)


@pytest.mark.parametrize(("environment", "copies"), [(Least(), 3), (Symmetric(), 0)])
def test_without_symmetries_or_copies_the_states_alone_are_kept(environment, copies):
    batch, all_of_them = known(environment, copies)
    np.testing.assert_array_equal(all_of_them.actions, batch.actions)
    np.testing.assert_array_equal(all_of_them.feasibility, batch.feasibility)
