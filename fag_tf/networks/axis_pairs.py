"""Things with several numbers for each axis of an action, compared with the action axis by axis.

A box has a centre and a width on each axis, a joint a lower and an upper limit. Whether an action
fits is decided on every axis in the same way, so one small network looks at all axes. It learns
from each of them, and what it found is pooled over the axes. With sixteen axes, a perceptron on all
numbers at once does not find out which of them belong together.

A single number for each axis, such as the pose of a slot that is turned, is no such case: there the
axes act together, and comparing them one by one made the critic worse.
"""

import keras
import numpy as np
import tensorflow as tf

from fag_tf.spaces import ActionSpace

__all__ = ["AxisPairs"]

_UNITS = 16
# Within the action space, two coordinates are never further apart, in half-ranges.
_FURTHEST = 2.0
# Most distances are well below 1, and small ones matter.
_SCALE = 3.0


class AxisPairs(keras.layers.Layer):
    """What actions and things have of each other, by a network that all axes share.

    It works if two or more arrays of numbers of the things have as many numbers as the action has
    axes. The numbers of such an array stand for the axes, in their order.

    Args:
        space: the action space.
        units: number of outputs.
        seed: seed of the initial weights.
    """

    def __init__(self, space: ActionSpace, units: int, seed: int) -> None:
        super().__init__(name="axis_pairs")
        self._space = space
        normal = keras.initializers.HeNormal
        self.first = keras.layers.Dense(_UNITS, kernel_initializer=normal(seed))
        self.second = keras.layers.Dense(_UNITS, "silu", kernel_initializer=normal(seed + 1))
        self.last = keras.layers.Dense(units, use_bias=False, kernel_initializer=normal(seed + 2))
        # A bias for each axis. It is no weight of this layer, which may have nothing to do.
        self.of_axis = keras.layers.Dense(_UNITS, use_bias=False, kernel_initializer="zeros")
        self.built = True

    def call(self, actions: tf.Tensor, observed: tuple[tf.Tensor, ...]) -> tf.Tensor | None:
        """Numbers of B states, E actions and K things, `[B, E, K, units]`.

        Args:
            actions: actions `[B, E, A]`.
            observed: arrays of numbers of the things as they were observed, each `[B, K, r]`.

        Returns:
            The numbers, or None if fewer than two arrays have a number for each axis.
        """
        dim = self._space.dim
        aligned = [array[:, None] for array in observed if array.shape[-1] == dim]
        if len(aligned) < 2:
            return None
        seen = [self._coordinate(actions[:, :, None])]
        for array in aligned:
            seen += [self._apart(actions[:, :, None], array), self._coordinate(array)]
        shape = tf.shape(seen[1])
        seen = [tf.broadcast_to(each, shape) for each in seen]
        found = tf.nn.silu(self.first(tf.stack(seen, axis=-1)) + self.of_axis(tf.eye(dim)))
        found = self.second(found)
        # The worst axis decides about a box, the sum of all about a ball.
        pooled = tf.concat([tf.reduce_max(found, -2), tf.reduce_mean(found, -2)], axis=-1)
        return self.last(pooled)

    def _apart(self, actions: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
        """Distances on each axis, the shorter ones around a circle."""
        apart = (actions - numbers) / self._space.half_range.astype(np.float32)
        around = tf.math.floormod(apart + 1.0, 2.0) - 1.0
        apart = tf.abs(tf.where(self._space.periodic, around, apart))
        # Numbers that are no coordinates may be in any unit.
        return _SCALE * tf.minimum(apart, _FURTHEST)

    def _coordinate(self, numbers: tf.Tensor) -> tf.Tensor:
        """Coordinates on bounded axes, in half-ranges; 0 on periodic ones, which have no ends."""
        inside = tf.clip_by_value(self._space.normalise(numbers), -_FURTHEST, _FURTHEST)
        return tf.where(self._space.periodic, 0.0, inside)
