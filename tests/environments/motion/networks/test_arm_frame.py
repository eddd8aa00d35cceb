import numpy as np
import tensorflow as tf

from fag_tf.environments.motion.robot_arm import kinematics, rules
from fag_tf.environments.motion.robot_arm.environment import ArmState, RobotArm
from fag_tf.networks.base import as_tensors

ENV = RobotArm()
FRAME = ENV.frame()


def seen(states):
    return {
        name: value.numpy()
        for name, value in FRAME.observe(as_tensors(ENV.observe(states))).items()
    }


def test_a_scene_turned_about_the_base_differs_in_joint_1_alone():
    state = ENV.draw_states(np.random.default_rng(0), 1)[0]
    angle = 0.7 if state.joints[0] < 0 else -0.7
    cos, sin = np.cos(angle), np.sin(angle)
    turned = state.spheres.copy()
    turned[:, 0] = cos * state.spheres[:, 0] - sin * state.spheres[:, 1]
    turned[:, 1] = sin * state.spheres[:, 0] + cos * state.spheres[:, 1]
    joints = state.joints + angle * np.eye(7)[0]
    one, other = seen([state]), seen([ArmState(joints, turned)])
    np.testing.assert_allclose(one["arm"][:, 1:], other["arm"][:, 1:], atol=1e-5)
    np.testing.assert_allclose(one["spheres"], other["spheres"], atol=1e-4)
    assert one["arm"][0, 0] != other["arm"][0, 0]


def test_the_clearance_of_each_link_is_that_of_the_exact_rules():
    states = ENV.draw_states(np.random.default_rng(1), 6)
    rows = seen(states)["spheres"]
    for state, row in zip(states, rows, strict=True):
        there = state.spheres[:, 3] > 0
        gaps = rules.clearance(state.joints[None], state.spheres[None])[0, there]
        nearest = np.minimum(gaps / rules.MAX_MOVE, 2.0)
        np.testing.assert_allclose(row[there, 4:].min(axis=1), nearest, atol=1e-4)
        assert np.all(row[~there] == 0.0)


def test_the_consequences_are_where_the_origins_are_and_how_far_they_moved():
    state = ENV.draw_states(np.random.default_rng(3), 1)[0]
    actions = ENV.action_space.sample(np.random.default_rng(4), (1, 5))
    observation = as_tensors(ENV.observe([state]))
    known = FRAME.consequences(observation, tf.constant(actions)).numpy()[0]
    before = state.joints * (np.arange(7) > 0)
    old, new = (
        np.moveaxis(kinematics.origins(joints.T), -1, 0)[:, 2:]
        for joints in (before[None], before + actions[0].astype(float))
    )
    np.testing.assert_allclose(known[:, :21] * 0.5, new.reshape(5, -1), atol=1e-5)
    moved = np.linalg.norm(new - old, axis=-1) / rules.MAX_MOVE
    np.testing.assert_allclose(known[:, 21:], moved, atol=1e-4)


def test_the_origins_are_those_of_the_arm_with_joint_1_at_0():
    states = ENV.draw_states(np.random.default_rng(2), 3)
    joints = np.stack([state.joints for state in states])
    joints[:, 0] = 0.0
    expected = np.moveaxis(kinematics.origins(joints.T), -1, 0)[:, 2:].reshape(3, -1)
    np.testing.assert_allclose(seen(states)["arm"][:, 19:] * 0.5, expected, atol=1e-5)
