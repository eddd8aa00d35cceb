import numpy as np
import pytest

from fag_tf.environments.motion.spline_path.curve import Curve, positions
from fag_tf.environments.motion.spline_path.environment import SplinePath
from fag_tf.environments.motion.spline_path.rules import RULES, first_broken_rule, violation
from reference import motion_oracle as oracle

(POSES, OBSTACLES), ACTIONS, EXPECTED = oracle.cases("spline_path", ("pose", "obstacles"))
FREE = np.zeros((1, 30, 4))


def rule_of(pose, action, obstacles=FREE):
    return int(first_broken_rule(np.array([pose]), obstacles, np.array([[action]]))[0, 0])


def test_the_verdicts_are_those_of_another_implementation():
    np.testing.assert_array_equal(first_broken_rule(POSES, OBSTACLES, ACTIONS), EXPECTED)
    assert set(EXPECTED.ravel()) == set(range(len(RULES)))


def test_the_verdicts_are_those_of_the_text_one_by_one():
    """Around feasible actions, where all rules are asked."""
    rng = np.random.default_rng(0)
    tried, compared = 0, set()
    for pose, obstacles, actions, rules in zip(POSES, OBSTACLES, ACTIONS, EXPECTED, strict=True):
        good = actions[rules == 0][:3]
        near = good[:, None] + rng.normal(size=(len(good), 4, 5)) * 0.15
        near = near.reshape(-1, 5)
        if not len(near):
            continue
        found = first_broken_rule(pose[None], obstacles[None], near[None])[0]
        for action, rule in zip(near, found, strict=True):
            right, slack = oracle.path_rule(pose, obstacles, action)
            tried += 1
            if slack > 1e-9:
                assert rule == right
                compared.add(right)
    assert tried > 100
    assert compared >= {0, 1, 2, 3, 5}


def test_a_few_actions_are_judged_like_many():
    many = ACTIONS.copy()
    many[0, :4] = [[np.nan] * 5, [np.inf] + [0.0] * 4, [-1.0, 0.0, 0.0, 0.0, 0.0], [1.0] * 5]
    together = first_broken_rule(POSES, OBSTACLES, many)
    assert set(together.ravel()) == set(range(len(RULES)))
    for state in range(len(POSES)):
        one = slice(state, state + 1)
        for begin in range(0, many.shape[1], 12):
            part = many[one, begin : begin + 12]
            few = first_broken_rule(POSES[one], OBSTACLES[one], part)
            np.testing.assert_array_equal(few, together[one, begin : begin + 12])
    pairs = first_broken_rule(POSES[:4], OBSTACLES[:4], many[:4, :3])
    np.testing.assert_array_equal(pairs, together[:4, :3])


def test_points_and_derivatives_are_those_of_the_definition():
    (action,) = np.random.default_rng(1).uniform(-1.0, 1.0, (1, 5))
    pose = np.array([0.3, 0.6, 0.6, 0.8])
    control = [pose[:2], pose[:2] + 0.075 * (action[0] + 1.0) * pose[2:]]
    control += [pose[:2] + 0.225 * action[1:3], pose[:2] + 0.225 * action[3:]]
    curve = Curve.of(pose[None], action[None])
    points = positions(pose, action[None])[0]
    speed, turn = curve.speed_and_turn()
    for index in (0, 1, 31, 63):
        place, (vx, vy), (ax, ay) = oracle.bezier(control, index / 63.0)
        assert points[index] == pytest.approx(place, abs=1e-14)
        assert speed[0, index] == pytest.approx(np.hypot(vx, vy))
        assert turn[0, index] == pytest.approx(vx * ay - vy * ax, abs=1e-14)


STRAIGHT = [1.0 / 3.0, 0.5, 0.0, 0.8, 0.0]  # ends 0.18 ahead of the pose


@pytest.mark.parametrize(
    ("pose", "action", "rule"),
    [
        ([0.5, 0.5, 1, 0], STRAIGHT, 0),
        ([0.5, 0.5, 1, 0], [1.1, *STRAIGHT[1:]], 1),
        ([0.5, 0.5, 1, 0], [np.nan, *STRAIGHT[1:]], 1),
        ([0.5, 0.5, 1, 0], [np.inf, *STRAIGHT[1:]], 1),
        ([0.5, 0.5, 1, 0], [0, 0.3, 0, 0.6, 0], 2),
        ([0.5, 0.5, 1, 0], [1, 0.7, 0.7, 1, 1], 2),
        ([0.5, 0.5, -1, 0], [-0.9, 0.45, 0.05, 0.75, 0], 3),  # it must turn on the spot
        ([0.5, 0.5, 1, 0], [-1, *STRAIGHT[1:]], 3),  # it begins with speed 0
        ([0.82, 0.5, 1, 0], STRAIGHT, 0),
        ([0.83, 0.5, 1, 0], STRAIGHT, 4),
    ],
)
def test_each_rule_is_broken_by_what_it_forbids(pose, action, rule):
    assert rule_of(pose, action) == rule


def test_an_obstacle_counts_inside_and_not_where_it_has_no_width():
    pose, obstacles = [0.5, 0.5, 1.0, 0.0], FREE.copy()
    obstacles[0, 3] = [0.6, 0.55, 0.05, 0.05]  # touched by its edge
    assert rule_of(pose, STRAIGHT, obstacles) == 0
    obstacles[0, 3, 1] = 0.549
    assert rule_of(pose, STRAIGHT, obstacles) == 5
    obstacles[0, 3, 2] = 0.0
    assert rule_of(pose, STRAIGHT, obstacles) == 0
    obstacles[0, 7] = [0.725, 0.5, 0.05, 0.05]  # its edge 0.005 before the end
    assert rule_of(pose, STRAIGHT, obstacles) == 5


def test_violation_is_zero_exactly_where_all_rules_are_kept():
    found = violation(POSES, OBSTACLES, ACTIONS)
    np.testing.assert_array_equal(found == 0.0, EXPECTED == 0)
    assert np.isfinite(found).all()
    assert found.min() == 0.0
    broken = ACTIONS.copy()
    broken[0, 0, 2] = np.nan
    assert violation(POSES, OBSTACLES, broken)[0, 0] == np.inf


def test_violation_shrinks_on_the_way_to_what_is_feasible():
    pose, obstacles = np.array([[0.8, 0.5, 1.0, 0.0]]), FREE.copy()
    obstacles[0, 0] = [0.95, 0.5, 0.03, 0.03]
    ahead = np.array(STRAIGHT) + np.linspace(1.0, 0.0, 5)[:, None] * [0, 0, 0, 0.2, 0]
    amounts = violation(pose, obstacles, ahead[None])[0]
    assert (np.diff(amounts) <= 0.0).all()
    sizes = [[1.5, *STRAIGHT[1:]], [1.2, *STRAIGHT[1:]]]
    amounts = violation(pose, FREE, np.array([sizes]))[0]
    assert amounts[0] - amounts[1] >= 0.3


def test_many_states_at_once_are_judged_as_one_by_one():
    environment = SplinePath()
    states = environment.draw_states(np.random.default_rng(3), 5)
    actions = environment.action_space.sample(np.random.default_rng(4), (5, 3000))
    whole = environment.first_broken_rule(states, actions)
    for index, state in enumerate(states):
        one = environment.first_broken_rule([state], actions[index, None])
        np.testing.assert_array_equal(whole[index], one[0])
    assert whole.shape == (5, 3000)
    assert environment.feasibility(states, actions[:, :0]).shape == (5, 0)
