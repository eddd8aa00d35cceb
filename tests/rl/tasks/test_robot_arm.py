import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fag_tf.environments.motion.robot_arm.environment import ArmState, RobotArm
from fag_tf.environments.motion.robot_arm.kinematics import JOINT_HIGH, JOINT_LOW
from fag_tf.environments.motion.robot_arm.rules import clearance
from fag_tf.rl.tasks.robot_arm import (
    ANGLE_WEIGHT,
    BONUS,
    RobotArmEnv,
    flange_pose,
    rotation_vector,
)
from reference import motion_oracle as oracle
from reference.feasible_actions import feasible_action

READY = np.array([0.0, -0.78, 0.0, -2.36, 0.0, 1.57, 0.78])


def left(joints, goal):
    """Distance and angle between the flange and a goal `[4, 4]`, by products of matrices."""
    flange = oracle.arm_frames(joints)[8]
    trace = np.trace(goal[:3, :3].T @ flange[:3, :3])
    return math.dist(flange[:3, 3], goal[:3, 3]), math.acos(np.clip((trace - 1) / 2, -1.0, 1.0))


def matrix(goal):
    found = np.eye(4)
    found[:3, 3], found[:3, :3] = goal
    return found


def test_steps_and_rewards_are_those_of_the_text():
    task = RobotArmEnv()
    rng = np.random.default_rng(0)
    for seed in range(5):
        observation, _ = task.reset(seed=seed)
        goal = matrix(task.goal)
        np.testing.assert_allclose(
            observation["goal"], [*goal[:3, 3], *goal[:3, 0], *goal[:3, 1]], atol=1e-6
        )
        for _ in range(5):
            before, action = task.state.joints, feasible_action(task, rng)
            observation, reward, over, _, info = task.step(action)
            np.testing.assert_allclose(task.state.joints, before + action, atol=3e-7)
            (distance, angle), now = left(before, goal), left(task.state.joints, goal)
            expected = distance - now[0] + ANGLE_WEIGHT * (angle - now[1])
            assert reward == pytest.approx(expected, abs=1e-7)
            assert (info["distance"], info["angle"]) == pytest.approx(now, abs=1e-7)
            assert not over
            flange = oracle.arm_frames(task.state.joints)[8]
            way, turn = np.split(observation["error"].astype(float), 2)
            np.testing.assert_allclose(flange[:3, 3] + way, goal[:3, 3], atol=1e-6)
            turned = Rotation.from_rotvec(turn).as_matrix() @ flange[:3, :3]
            np.testing.assert_allclose(turned, goal[:3, :3], atol=1e-6)


def test_the_goal_is_the_flange_of_the_other_pose_of_the_draw():
    task = RobotArmEnv()
    task.reset(seed=9)
    (state,), others = RobotArm().draw_motions(np.random.default_rng(9), 1)
    np.testing.assert_array_equal(task.state.joints, state.joints)
    np.testing.assert_array_equal(task.state.spheres, state.spheres)
    np.testing.assert_allclose(matrix(task.goal), oracle.arm_frames(others[0])[8], atol=1e-14)
    assert clearance(others, state.spheres[None]).min() > 0.0


def test_every_state_is_one_of_the_environment_and_may_stay():
    task = RobotArmEnv()
    rng = np.random.default_rng(2)
    for seed in range(6):
        task.reset(seed=seed)
        for _ in range(8):
            task.step(feasible_action(task, rng))
            joints, spheres = task.state.joints, task.state.spheres
            np.testing.assert_array_equal(joints, joints.astype(np.float32))
            assert np.all((joints >= JOINT_LOW) & (joints <= JOINT_HIGH))
            assert clearance(joints[None], spheres[None]).min() > 0.0
            assert task.step(np.zeros(7, np.float32))[-1]["feasible"]


def test_a_joint_at_its_limit_stays_within_it():
    """The nearest number of single precision may lie beyond the limit."""
    task = RobotArmEnv()
    task.reset(seed=0)
    for limits in (JOINT_LOW, JOINT_HIGH):
        for joint in range(7):
            joints = READY.astype(np.float32).astype(float)
            joints[joint] = limits[joint] - np.sign(limits[joint] - READY[joint]) * 0.01
            joints = joints.astype(np.float32).astype(float)
            task.state, task._over = ArmState(joints, np.zeros((20, 4))), False
            action = np.zeros(7)
            action[joint] = limits[joint] - joints[joint]
            if joints[joint] + action[joint] == limits[joint]:
                assert task.step(action)[-1]["feasible"]
                assert task.step(np.zeros(7))[-1]["feasible"]


def test_reaching_the_goal_is_a_success():
    task = RobotArmEnv()
    task.reset(seed=0)
    task.state = ArmState(READY.astype(np.float32).astype(float), np.zeros((20, 4)))
    goal = READY + 0.05
    task.goal = flange_pose(goal)
    task._error = task._error_of(flange_pose(task.state.joints))
    distance, angle = left(task.state.joints, oracle.arm_frames(goal)[8])
    _, reward, over, truncated, info = task.step(goal - task.state.joints)
    assert (over, truncated, info["is_success"], info["feasible"]) == (True, False, True, True)
    assert reward == pytest.approx(BONUS + distance + ANGLE_WEIGHT * angle, abs=1e-5)
    assert info["distance"] < 1e-6


def test_rotation_vectors_are_those_of_scipy():
    turns = Rotation.random(50, random_state=0).as_rotvec()
    special = [[0, 0, 0], [np.pi, 0, 0], [1e-8, 0, 0], [0, np.pi - 1e-8, 0], [0, 0, 3.1]]
    for turn in [*turns, *np.array(special)]:
        rotation = Rotation.from_rotvec(turn)
        found = Rotation.from_rotvec(rotation_vector(rotation.as_matrix()))
        assert (found * rotation.inv()).magnitude() < 1e-7
        assert np.linalg.norm(found.as_rotvec()) <= np.pi + 1e-9
