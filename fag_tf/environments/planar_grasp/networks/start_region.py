"""The initial distribution: grasps that are possible by the object's extent and the gripper."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.image_features import PictureFeatures
from fag_tf.environments.planar_grasp.networks.jaw_pose import Pose
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE
from fag_tf.objectives.mixtures import ActionDistribution

__all__ = ["Surroundings"]


class Surroundings(ActionDistribution):
    """Uniform over all grasps that are near enough to an object to hold it.

    The centre of mass is at most `max_lever` away from the closing line of the jaw (rule 6 of the
    grasp rules). Along the closing line, the centre of mass is at most the object's reach plus half
    the opening away. All feasible grasps lie in this region. For common parts 1/30 of the region is
    feasible, but only 1/200 of the action space.

    Args:
        features: features of B states.
        name: name of the distribution.
    """

    def __init__(self, features: PictureFeatures, name: str = "Surroundings") -> None:
        parameters = dict(locals())
        self._centre = features.centroid
        opening, pad_width, max_lever = (features.gripper[:, i] for i in (0, 1, 5))
        self._along = features.reach + 0.5 * opening
        self._across = tf.minimum(max_lever, features.reach + 0.5 * pad_width)
        super().__init__(ACTION_SPACE, parameters, name)

    def _batch_shape(self) -> tf.TensorShape:
        return self._along.shape

    def _batch_shape_tensor(self) -> tf.Tensor:
        return tf.shape(self._along)

    def place(self, coordinates: tf.Tensor) -> Pose:
        """Convert coordinates `[B, N, 3]` in [-1, 1], along u, along v and turn, to poses."""
        along, across, turn = tf.unstack(coordinates, axis=-1)
        angle = 0.5 * math.pi * (turn + 1.0)
        u, v = self._along[:, None] * along, self._across[:, None] * across
        x, y = self._centre[:, None, 0], self._centre[:, None, 1]
        return Pose(x, y, tf.cos(angle), tf.sin(angle)).moved(u, v, tf.zeros_like(u))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        x, y = value[..., 0] - self._centre[:, 0], value[..., 1] - self._centre[:, 1]
        cos, sin = tf.cos(value[..., 2]), tf.sin(value[..., 2])
        inside = (tf.abs(x * cos + y * sin) <= self._along) & (
            tf.abs(y * cos - x * sin) <= self._across
        )
        log_volume = tf.math.log(4.0 * math.pi * self._along * self._across)
        return tf.where(inside, -log_volume, -np.inf)

    def _sample_n(self, n: Any, seed: Any = None) -> tf.Tensor:
        shape = tf.concat([self.batch_shape_tensor(), [n, 3]], 0)
        coordinates = tf.random.stateless_uniform(shape, seed, -1.0, 1.0, alg="philox")
        return tf.transpose(self.place(coordinates).action(), [1, 0, 2])
