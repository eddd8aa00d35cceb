"""Where a grasp of an object can be at all: what its extent and the gripper leave possible."""

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
    """Even over all grasps near enough to an object to hold it.

    Seen from the jaw, the centre of mass is at most `max_lever` off its closing line (rule 6 of
    the grasp's rules) and at most the object's reach and half the opening away along it. Whatever
    is feasible lies in there, and on common parts a thirtieth of what lies in there is feasible;
    of the whole table it is a two-hundredth.

    Args:
        features: of B states.
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
        """The jaw `[B, N]` at coordinates `[B, N, 3]` in [-1, 1]: along u, along v, turn."""
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
