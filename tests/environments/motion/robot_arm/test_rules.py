import numpy as np
import pytest

from fag_tf.environments.motion.robot_arm.environment import RobotArm
from fag_tf.environments.motion.robot_arm.kinematics import (
    JOINT_HIGH,
    JOINT_LOW,
    link_ends,
    origins,
)
from fag_tf.environments.motion.robot_arm.rules import (
    RULES,
    clearance,
    first_broken_rule,
    violation,
)
from reference import motion_oracle as oracle

(JOINTS, SPHERES), ACTIONS, EXPECTED = oracle.cases("robot_arm", ("joints", "spheres"))
FREE = np.zeros((1, 20, 4))
READY = np.array([[0.0, -0.78, 0.0, -2.36, 0.0, 1.57, 0.78]])


def rule_of(change, spheres=FREE):
    return int(first_broken_rule(READY, spheres, np.array([[change]]))[0, 0])


def test_the_verdicts_are_those_of_another_implementation():
    np.testing.assert_array_equal(first_broken_rule(JOINTS, SPHERES, ACTIONS), EXPECTED)
    assert set(EXPECTED.ravel()) == set(range(len(RULES)))


def test_the_verdicts_are_those_of_the_text_one_by_one():
    rng = np.random.default_rng(0)
    compared = []
    for joints, spheres, actions, rules in zip(JOINTS, SPHERES, ACTIONS, EXPECTED, strict=True):
        good = actions[rules == 0][:2]
        near = (good[:, None] + rng.normal(size=(len(good), 3, 7)) * 0.15).reshape(-1, 7)
        found = first_broken_rule(joints[None], spheres[None], near[None])[0]
        for action, rule in zip(near, found, strict=True):
            right, slack = oracle.arm_rule(joints, spheres, action)
            if slack > 1e-9:
                assert rule == right
                compared.append(right)
    assert len(compared) > 50
    assert set(compared) >= {0, 2, 3, 4}


def test_a_few_actions_are_judged_like_many():
    many = ACTIONS.copy()
    many[0, :5] = [[np.nan] * 7, [np.inf] + [0.0] * 6, [0.0] * 7, [0.79] + [0.0] * 6, [-0.78] * 7]
    together = first_broken_rule(JOINTS, SPHERES, many)
    assert set(together.ravel()) == set(range(len(RULES)))
    for state in range(len(JOINTS)):
        one = slice(state, state + 1)
        for begin in range(0, many.shape[1], 12):
            part = many[one, begin : begin + 12]
            few = first_broken_rule(JOINTS[one], SPHERES[one], part)
            np.testing.assert_array_equal(few, together[one, begin : begin + 12])
    pairs = first_broken_rule(JOINTS[:4], SPHERES[:4], many[:4, :3])
    np.testing.assert_array_equal(pairs, together[:4, :3])


def test_frames_are_products_of_matrices():
    joints = np.random.default_rng(1).uniform(JOINT_LOW, JOINT_HIGH, (5, 7))
    found, ends = origins(joints.T), link_ends(joints.T)
    for index, each in enumerate(joints):
        right = [frame[:3, 3] for frame in oracle.arm_frames(each)]
        np.testing.assert_allclose(found[:, :, index], right, atol=1e-14)
        np.testing.assert_allclose(ends[..., index], oracle.arm_segments(each), atol=1e-14)


def test_gaps_are_those_of_segments_and_points():
    spheres = SPHERES[:1]
    found = clearance(JOINTS[:1], spheres)[0]
    for gap, (*centre, radius) in zip(found, spheres[0], strict=True):
        right = min(
            oracle.segment_distance(begin, end, np.array(centre))
            for begin, end in oracle.arm_segments(JOINTS[0])
        )
        assert gap == (pytest.approx(right - radius - 0.05) if radius else np.inf)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ([0.0] * 7, 0),
        ([0.0] * 6 + [np.pi / 4], 0),  # the last joint moves no origin
        ([0.0] * 6 + [0.79], 1),
        ([0.0] * 6 + [np.nan], 1),
        ([0.0] * 5 + [0.0, -np.inf], 1),
        ([0.0] * 3 + [-0.7, 0.0, 0.0, 0.0], 2),
        ([0.5] + [0.0] * 6, 3),
        ([0.2] + [0.0] * 6, 0),
    ],
)
def test_each_rule_is_broken_by_what_it_forbids(change, rule):
    assert rule_of(change) == rule


def test_a_sphere_is_met_from_its_radius_on_and_not_where_it_has_none():
    spheres = FREE.copy()
    spheres[0, 4] = [0.0, 0.3, 0.1, 0.2499]  # beside the first link
    assert rule_of([0.0] * 7, spheres) == 0
    spheres[0, 4, 3] = 0.2501
    assert rule_of([0.0] * 7, spheres) == 4
    spheres[0, 4] = [0.0, 0.0, 0.1, 0.0]
    assert rule_of([0.0] * 7, spheres) == 0


def test_violation_is_zero_exactly_where_all_rules_are_kept():
    found = violation(JOINTS, SPHERES, ACTIONS)
    np.testing.assert_array_equal(found == 0.0, EXPECTED == 0)
    assert np.isfinite(found).all()
    assert found.min() == 0.0
    broken = ACTIONS.copy()
    broken[0, 0, 2] = np.nan
    assert violation(JOINTS, SPHERES, broken)[0, 0] == np.inf


def test_violation_grows_with_what_is_broken():
    turns = np.zeros((1, 5, 7))
    turns[0, :, 0] = [0.2, 0.6, 0.7, 0.8, 1.0]
    amounts = violation(READY, FREE, turns)[0]
    assert amounts[0] == 0.0
    assert (np.diff(amounts) > 0.0).all()
    near = FREE.copy()
    near[0, 0] = [0.0, 0.3, 0.1, 0.28]
    assert violation(READY, near, turns[:, :1] * 0.0)[0, 0] == pytest.approx(0.03 / 0.15)


def test_many_states_at_once_are_judged_as_one_by_one():
    environment = RobotArm()
    states = environment.draw_states(np.random.default_rng(3), 5)
    actions = environment.action_space.sample(np.random.default_rng(4), (5, 3000))
    whole = environment.first_broken_rule(states, actions)
    for index, state in enumerate(states):
        one = environment.first_broken_rule([state], actions[index, None])
        np.testing.assert_array_equal(whole[index], one[0])
    assert environment.feasibility(states, actions[:, :0]).shape == (5, 0)
