import itertools
import math

import numpy as np
import pytest

from fag_tf.environments.motion.spline_path.environment import PathState
from fag_tf.rl.tasks.path_scene import GOALS, RADIUS
from fag_tf.rl.tasks.spline_path import BONUS, RANGE, RAYS, SplinePathEnv, free_ranges
from reference import motion_oracle as oracle
from reference.feasible_actions import candidates, feasible_action

NOTHING = np.zeros((30, 4))


def curve_points(pose, action):
    """The 64 points of a path by the text of its definition."""
    x, y, cos, sin = pose
    ahead = 0.15 * (action[0] + 1.0) / 2.0
    control = [
        (x, y),
        (x + ahead * cos, y + ahead * sin),
        (x + 0.225 * action[1], y + 0.225 * action[2]),
        (x + 0.225 * action[3], y + 0.225 * action[4]),
    ]
    return [oracle.bezier(control, index / 63.0)[:2] for index in range(64)]


def way_left(place, goals):
    stops = [place, *goals]
    return sum(math.dist(*leg) for leg in itertools.pairwise(stops))


def towards_the_goal(task):
    """The prepared path that ends nearest to the next goal, or None if none is feasible."""
    actions = candidates(task, None)
    actions = actions[task.environment.feasibility([task.state], actions[None])[0]]
    ends = task.state.pose[:2] + 0.225 * actions[:, 3:]
    away = np.linalg.norm(ends - task.goals[task.collected], axis=-1)
    return actions[away.argmin()] if len(actions) else None


def put(task, pose, obstacles, goals):
    """The task at the beginning of an episode in this scene."""
    task.reset(seed=0)
    task.state = PathState(np.array(pose, float), obstacles)
    task.goals = np.array(goals, float)
    task._legs = np.array([way_left(goals[k], goals[k + 1 :]) for k in range(GOALS)] + [0.0])


def test_steps_and_rewards_are_those_of_the_text():
    task = SplinePathEnv()
    steps = gained = 0
    for seed in range(12):
        task.reset(seed=seed)
        for _ in range(12):
            action = towards_the_goal(task)
            if action is None:
                break
            pose, goals, before = task.state.pose, list(task.goals), task.collected
            points = curve_points(pose, action.astype(float))
            observation, reward, over, _, info = task.step(action)

            left, begin = goals[before:], 0
            while left:
                near = [i for i in range(begin, 64) if math.dist(points[i][0], left[0]) <= RADIUS]
                if not near:
                    break
                begin, left = near[0], left[1:]
            collected = GOALS - len(left)
            end, velocity = points[-1]
            shorter = way_left(pose[:2], goals[before:]) - way_left(end, left)
            assert info["collected"] == task.collected == collected
            assert reward == pytest.approx(shorter / 0.15 + BONUS * (collected - before), abs=1e-5)
            heading = np.array(velocity) / math.hypot(*velocity)
            np.testing.assert_allclose(observation["pose"], [*end, *heading], atol=2e-7)
            assert over == info["is_success"] == (collected == GOALS)
            steps, gained = steps + 1, gained + collected - before
            if over:
                break
    assert steps > 40
    assert gained > 10


def test_every_pose_is_one_of_the_environment():
    """Single precision, a unit heading, in the square and in no rectangle."""
    task = SplinePathEnv()
    rng = np.random.default_rng(1)
    for seed in range(20):
        task.reset(seed=seed)
        for _ in range(10):
            action = feasible_action(task, rng)
            if action is None:
                break
            _, _, over, _, _ = task.step(action)
            pose, obstacles = task.state.pose, task.state.obstacles
            np.testing.assert_array_equal(pose, pose.astype(np.float32))
            assert math.hypot(*pose[2:]) == pytest.approx(1.0, abs=1e-6)
            assert np.all((pose[:2] >= 0.0) & (pose[:2] <= 1.0))
            apart = np.abs(pose[:2] - obstacles[:, :2]) - obstacles[:, 2:]
            assert np.all(apart.max(axis=-1) >= 0.0)
            if over:
                break


def test_a_path_along_an_edge_ends_outside_the_rectangle():
    """Where plain rounding would put the vehicle into it."""
    task = SplinePathEnv()
    obstacles = NOTHING.copy()
    obstacles[0] = [0.6, 0.45, 0.3, 0.05]  # its upper edge is at 0.5, give or take a rounding
    goals = [[0.9, 0.9 - 0.05 * k] for k in range(GOALS)]
    edge = 0.45 + 0.05
    for start in np.nextafter(np.float32(edge), np.float32([0.0, 1.0])):
        put(task, [0.2, float(start), 1.0, 0.0], obstacles, goals)
        straight = np.array([-0.3, 0.5, 0.0, 0.75, (edge - float(start)) / 0.225])
        _, _, _, _, info = task.step(straight)
        if info["feasible"]:
            again = task.step(np.array([0.0, 0.5, 0.2, 0.7, 0.4]))
            assert again[-1]["feasible"]


def test_goals_on_one_path_are_collected_in_their_order():
    task = SplinePathEnv()
    straight = np.array([0.0, 0.5, 0.0, 0.8, 0.0], np.float32)
    far = [[0.9, 0.1 + 0.05 * k] for k in range(GOALS)]
    forwards = [[0.25, 0.52], [0.33, 0.49], *far[2:]]
    put(task, [0.2, 0.5, 1.0, 0.0], NOTHING, forwards)
    assert task.step(straight)[-1]["collected"] == 2
    backwards = [[0.35, 0.5], [0.25, 0.5], *far[2:]]
    put(task, [0.2, 0.5, 1.0, 0.0], NOTHING, backwards)
    assert task.step(straight)[-1]["collected"] == 1


def test_the_last_goal_ends_the_episode_with_success():
    task = SplinePathEnv()
    put(task, [0.2, 0.5, 1.0, 0.0], NOTHING, [[0.3, 0.5]] * GOALS)
    observation, reward, over, truncated, info = task.step([0.0, 0.5, 0.0, 0.8, 0.0])
    assert (over, truncated, info["is_success"], info["collected"]) == (True, False, True, GOALS)
    assert reward == pytest.approx(0.1 / 0.15 + BONUS * GOALS)
    np.testing.assert_array_equal(observation["goals"], 0.0)


def test_a_dead_end_is_told_from_a_bad_choice():
    task = SplinePathEnv()
    goals = [[0.9, 0.1 + 0.05 * k] for k in range(GOALS)]
    wall = NOTHING.copy()
    wall[0] = [0.6, 0.5, 0.05, 0.5]  # no vehicle turns before it
    for place, dead in ((0.53, True), (0.2, False)):
        put(task, [place, 0.5, 1.0, 0.0], wall, goals)
        _, reward, over, _, info = task.step(np.zeros(5))
        assert (reward, over, info["feasible"]) == (0.0, True, False)
        assert info["dead_end"] is dead
    assert task.reset(seed=0)[1]["dead_end"] is False


def test_goals_are_observed_from_the_vehicle():
    task = SplinePathEnv()
    observation, _ = task.reset(seed=2)
    pose = task.state.pose
    for row, goal in zip(observation["goals"], task.goals, strict=True):
        turn = np.array([[pose[2], -pose[3]], [pose[3], pose[2]]])
        np.testing.assert_allclose(pose[:2] + turn @ row[:2], goal, atol=1e-6)
        assert row[2] == 1.0


def test_ranges_are_those_of_a_march_along_each_ray():
    rng = np.random.default_rng(3)
    task = SplinePathEnv()
    for seed in range(3):
        task.reset(seed=seed)
        pose, obstacles = task.state.pose, task.state.obstacles.copy()
        obstacles[rng.integers(30), 2] = 0.0
        turn = math.atan2(pose[3], pose[2]) + np.arange(RAYS) * 2 * math.pi / RAYS
        marched = np.arange(0.0, RANGE + 1e-9, 0.001)
        places = pose[:2] + marched[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
        real = obstacles[obstacles[:, 2] > 0.0]
        apart = np.abs(places[:, :, None] - real[:, :2]) < real[:, 2:]
        blocked = np.any(np.all(apart, axis=-1), axis=-1) | np.any(abs(places - 0.5) > 0.5, -1)
        right = [marched[column.argmax()] if column.any() else RANGE for column in blocked.T]
        np.testing.assert_allclose(free_ranges(pose, obstacles), right, atol=0.0011)


def test_ranges_along_the_axes_and_in_the_open():
    found = free_ranges(np.array([0.75, 0.5, 0.0, 1.0]), NOTHING)
    assert found[0] == pytest.approx(RANGE)
    assert found[RAYS // 4] == pytest.approx(RANGE)
    assert found[3 * RAYS // 4] == pytest.approx(0.25)
