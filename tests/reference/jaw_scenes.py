"""Scenes and poses as the networks take them."""

import numpy as np
import shapely
import tensorflow as tf

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER
from fag_tf.environments.planar_grasp.images.rendering import occupancy
from fag_tf.environments.planar_grasp.networks.image_features import picture_features
from fag_tf.environments.planar_grasp.networks.jaw_pose import Pose

PIXEL = 0.30 / 128

# Small and near the middle, so that nothing that is read around it lies beyond the picture, even
# when it moves by some pixels.
PART = shapely.Polygon(
    [(-0.020, -0.010), (0.025, -0.012), (0.022, 0.004), (0.003, 0.006), (0.001, 0.018)]
)


def features_of(part, gripper=DEFAULT_GRIPPER):
    image = occupancy(part)[None, ..., None]
    return picture_features({"image": image, "gripper": gripper.vector()[None]})


def pose_of(x, y, theta):
    """Grasps of one state, `[1, N]` each."""
    values = np.broadcast_arrays(x, y, np.cos(theta), np.sin(theta))
    return Pose(*(tf.constant(np.asarray(v, np.float32).reshape(1, -1)) for v in values))


def assert_mirrored(reader, axis):
    """What is read of a mirrored scene is the mirror of what is read of the scene."""
    here = np.random.default_rng(0).uniform(-0.03, 0.03, (2, 40))
    sign = np.where(np.arange(2) == axis, -1.0, 1.0)
    there = sign[:, None] * here
    part = shapely.affinity.translate(PART, 0.004, 0.003)
    mirrored = shapely.transform(part, lambda xy: xy * sign)
    seen = reader(features_of(part), pose_of(*here, np.zeros(40))).numpy()
    image = reader(features_of(mirrored), pose_of(*there, np.zeros(40)))
    np.testing.assert_allclose(image, reader.mirrors[axis](seen), atol=2e-3)
    assert np.abs(image - seen).max() > 0.1
