import numpy as np
import pytest
from scipy import ndimage

from fag_tf.environments.motion.spline_path.environment import SplinePath
from fag_tf.environments.motion.spline_path.rules import first_broken_rule
from fag_tf.rl.tasks.path_scene import GOALS, RADIUS, draw_scene, prepared_paths


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(0)
    return [draw_scene(rng, SplinePath()) for _ in range(30)]


def test_prepared_paths_keep_all_rules_in_the_open_in_every_direction():
    for turn in np.linspace(0.0, 6.0, 7):
        pose = np.array([0.5, 0.5, np.cos(turn), np.sin(turn)])
        paths = prepared_paths(pose)
        assert len(paths) > 100
        rule = first_broken_rule(pose[None], np.zeros((1, 1, 4)), paths[None])
        np.testing.assert_array_equal(rule, 0)


def test_every_start_can_be_left(scenes):
    for state, _ in scenes:
        paths = prepared_paths(state.pose)
        rule = first_broken_rule(state.pose[None], state.obstacles[None], paths[None])
        assert np.any(rule == 0)


def test_goals_lie_apart_in_free_places(scenes):
    for state, goals in scenes:
        assert goals.shape == (GOALS, 2)
        gap = np.maximum(
            np.abs(goals[:, None] - state.obstacles[:, :2]) - state.obstacles[:, 2:], 0
        )
        assert np.hypot(*np.moveaxis(gap, -1, 0)).min() >= RADIUS
        assert np.all((goals >= RADIUS) & (goals <= 1.0 - RADIUS))
        places = np.concatenate([state.pose[None, :2], goals])
        apart = np.linalg.norm(places[:, None] - places, axis=-1)
        assert apart[~np.eye(len(places), dtype=bool)].min() >= 2.0 * RADIUS


def test_goals_hang_together_with_the_start_on_a_finer_grid(scenes):
    centres = (np.arange(500) + 0.5) / 500
    for state, goals in scenes:
        inside = np.abs(centres - state.obstacles[:, :2, None]) < state.obstacles[:, 2:, None]
        pieces, _ = ndimage.label(~np.any(inside[:, 0, :, None] & inside[:, 1, None, :], axis=0))
        places = np.concatenate([goals, state.pose[None, :2]])
        x, y = np.minimum((places * 500).astype(int), 499).T
        assert len(set(pieces[x[:-1], y[:-1]])) == 1
        assert pieces[x[-1], y[-1]] in (pieces[x[0], y[0]], 0)  # 0: the start's cell is cut


def test_each_goal_is_the_nearest_one_left(scenes):
    for state, goals in scenes:
        place = state.pose[:2]
        for number in range(GOALS):
            distances = np.linalg.norm(goals[number:] - place, axis=-1)
            assert distances.argmin() == 0
            place = goals[number]
