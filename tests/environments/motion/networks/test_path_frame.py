import numpy as np
import pytest
import tensorflow as tf

from fag_tf.environments.motion.spline_path.environment import PathState, SplinePath
from fag_tf.networks.base import as_tensors

ENV = SplinePath()
FRAME = ENV.frame()


def observed(states):
    return as_tensors(ENV.observe(states))


def turned_state(state, quarters):
    """The same scene, turned about the middle of the square by right angles."""
    pose, obstacles = state.pose.copy(), state.obstacles.copy()
    for _ in range(quarters):
        pose = np.array([1.0 - pose[1], pose[0], -pose[3], pose[2]])
        obstacles = np.stack(
            [1.0 - obstacles[:, 1], obstacles[:, 0], obstacles[:, 3], obstacles[:, 2]], axis=-1
        )
    return PathState(pose, obstacles)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_scene_turned_by_right_angles_has_the_same_things_in_the_same_places(quarters):
    state = ENV.draw_states(np.random.default_rng(0), 1)[0]
    one, other = (
        {name: value.numpy()[0] for name, value in FRAME.observe(observed([s])).items()}
        for s in (state, turned_state(state, quarters))
    )
    centres = [np.sort(seen["rectangles"][:, :2], axis=0) for seen in (one, other)]
    np.testing.assert_allclose(*centres, atol=1e-5)
    sides = [seen["sides"][np.lexsort(seen["sides"].round(4).T)] for seen in (one, other)]
    np.testing.assert_allclose(*sides, atol=1e-5)


def test_actions_come_back_and_the_heading_is_ahead():
    states = ENV.draw_states(np.random.default_rng(1), 5)
    observation = observed(states)
    actions = ENV.action_space.sample(np.random.default_rng(2), (5, 20))
    within = FRAME.to_frame(observation, tf.constant(actions))
    np.testing.assert_allclose(FRAME.from_frame(observation, within), actions, atol=1e-6)
    ahead = np.concatenate(
        [[[0.0]] * 5, [s.pose[2:] for s in states], [s.pose[2:] for s in states]], 1
    )
    np.testing.assert_allclose(
        FRAME.to_frame(observation, tf.constant(ahead[:, None], tf.float32))[:, 0, 1:],
        np.tile([1.0, 0.0, 1.0, 0.0], (5, 1)),
        atol=1e-6,
    )


def test_every_feasible_action_is_of_the_frame():
    rng = np.random.default_rng(3)
    states = ENV.draw_states(rng, 8)
    actions = ENV.action_space.sample(rng, (8, 60_000))
    within = FRAME.to_frame(observed(states), tf.constant(actions)).numpy()
    feasible = ENV.feasibility(states, actions)
    assert feasible.sum() > 100
    assert np.all(FRAME.space.contains(within[feasible]))


def test_rectangles_out_of_reach_are_absent_and_those_in_reach_are_seen_from_the_vehicle():
    obstacles = np.zeros((30, 4))
    obstacles[:3] = [[0.5, 0.6, 0.03, 0.06], [0.5, 0.9, 0.05, 0.05], [0.3, 0.5, 0.04, 0.04]]
    state = PathState(np.array([0.5, 0.5, 0.0, 1.0]), obstacles)
    seen = FRAME.observe(observed([state]))
    rows = seen["rectangles"].numpy()[0]
    rows = rows[rows[:, 2] > 0]
    # Ahead by 0.1, and to the left by 0.2.
    expected = [[0.1 / 0.225, 0, 0.5, 1.0], [0, 0.2 / 0.225, 2 / 3, 2 / 3]]
    np.testing.assert_allclose(rows, expected, atol=1e-5)
    np.testing.assert_allclose(seen["sides"][0, :, 2], 1.5)
