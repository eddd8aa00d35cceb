import numpy as np
import pytest

from fag_tf.memory import ReplayMemory
from fag_tf.remembering import remember
from reference.least_environment import Least, Symmetric


def remembered(environment, copies, seed=0):
    rng = np.random.default_rng(seed)
    memory = ReplayMemory(100, 5, environment.observation_spec, environment.action_space.dim)
    states = environment.draw_states(rng, 4)
    actions = environment.action_space.sample(rng, (4, 5))
    actions[0, 0] = -0.5
    feasible = rng.random((4, 5)) < 0.5
    feasible[0, 0] = False
    observation = environment.observe(states)
    remember(environment, memory, rng, copies, states, observation, actions, feasible)
    return memory.state_arrays(), actions, feasible


def test_copies_follow_the_states_with_their_verdicts():
    arrays, actions, feasible = remembered(Symmetric(), 3)
    assert arrays["added"] == 16
    np.testing.assert_array_equal(arrays["actions"][:4], actions)
    np.testing.assert_array_equal(arrays["feasibility"][:4], feasible)
    inside = Symmetric().action_space.contains(arrays["actions"])
    assert not inside.all()
    assert inside[4:].any()
    # Off the space nothing is feasible.
    expected = np.tile(feasible, (4, 1)) & inside
    np.testing.assert_array_equal(arrays["feasibility"], expected)
    apart = arrays["observation.state"][4:8, 0] - arrays["observation.state"][:4, 0]
    moved = arrays["actions"][4:8] - actions
    expected = np.broadcast_to(apart[:, None, None], moved.shape).copy()
    expected[0, 0] = 0.0  # tried outside the space: elsewhere it might be feasible
    np.testing.assert_allclose(moved, expected, atol=1e-6)


@pytest.mark.parametrize(("environment", "copies"), [(Least(), 3), (Symmetric(), 0)])
def test_without_symmetries_or_copies_the_states_alone_are_kept(environment, copies):
    arrays, actions, _ = remembered(environment, copies)
    assert arrays["added"] == 4
    np.testing.assert_array_equal(arrays["actions"], actions)
