import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.jaw_pose import Pose


def test_a_pose_moves_in_its_own_frame():
    pose = Pose(*(tf.constant(v) for v in (0.1, 0.0, 0.0, 1.0)))  # closing along y
    moved = pose.moved(tf.constant(0.02), tf.constant(0.01), tf.constant(np.float32(np.pi / 2)))
    np.testing.assert_allclose(tf.stack(moved), [0.09, 0.02, -1.0, 0.0], atol=1e-6)
    back = moved.moved(tf.constant(-0.01), tf.constant(0.02), tf.constant(np.float32(-np.pi / 2)))
    np.testing.assert_allclose(tf.stack(back), tf.stack(pose), atol=1e-6)


def test_points_of_the_jaw_lie_where_moving_there_leads():
    pose = Pose(*(tf.constant([[v]]) for v in (0.02, -0.03, 0.8, 0.6)))
    u, v = np.array([0.01, -0.02], np.float32), np.array([0.005, 0.0], np.float32)
    x, y = pose.points(u, v)
    assert x.shape == y.shape == (1, 1, 2)
    for k in range(2):
        there = pose.moved(u[k], v[k], tf.constant(0.3))
        np.testing.assert_allclose((x[0, 0, k], y[0, 0, k]), (there.x[0, 0], there.y[0, 0]))
