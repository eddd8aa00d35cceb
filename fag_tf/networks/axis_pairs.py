"""Things with several numbers for each axis of an action, compared with the action axis by axis.

A box has a centre and a width on each axis, a joint a lower and an upper limit. Whether an action
fits is decided on every axis in the same way, so one small network looks at all axes. It learns
from each of them, and what it found is pooled over the axes. With sixteen axes, a perceptron on all
numbers at once does not find out which of them belong together.

A single number for each axis, such as the pose of a slot that is turned, is no such case: there the
axes act together, and comparing them one by one made the critic worse.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from fag_tf.spaces import ActionSpace

__all__ = ["FURTHEST", "AxisPairs", "compared", "has_aligned", "numbers_by_axis"]

_UNITS = 16
FURTHEST = 2.0
"""Within the action space, two coordinates are never further apart, in half-ranges."""
# Most distances are well below 1, and small ones matter.
_SCALE = 3.0


def has_aligned(sizes: Sequence[int], dim: int) -> bool:
    """Whether two or more arrays of numbers of things have as many numbers as the action has axes.

    Args:
        sizes: how many numbers a thing has in each array.
        dim: A.
    """
    return sum(size == dim for size in sizes) >= 2


def numbers_by_axis(space: ActionSpace, observed: Sequence[tf.Tensor]) -> tf.Tensor:
    """The arrays that have a number for each axis, in half-ranges: `[B, K, A, M]`.

    Args:
        space: the action space.
        observed: arrays of numbers of the things as they were observed, each `[B, K, r]`.
    """
    aligned = [array for array in observed if array.shape[-1] == space.dim]
    return tf.stack([space.normalise(array) for array in aligned], axis=-1)


def compared(points: tf.Tensor, numbers: tf.Tensor, periodic: tf.Tensor) -> tf.Tensor:
    """What actions and things are to be compared by, `[B, E, K, A, 1 + 2 M]`.

    These are the action's coordinate, its distance to each number, the shorter one around a circle,
    and the number. Periodic axes have no ends, so coordinates are 0 there.

    Args:
        points: actions in half-ranges, `[B, E, A]`.
        numbers: numbers of the things in half-ranges, `[B, K, A, M]`.
        periodic: which axes are periodic, `[A]`.
    """
    periodic = periodic[:, None]
    points, numbers = points[:, :, None, :, None], numbers[:, None]
    apart = points - numbers
    apart = tf.abs(tf.where(periodic, tf.math.floormod(apart + 1.0, 2.0) - 1.0, apart))
    # Numbers that are no coordinates may be in any unit.
    apart = _SCALE * tf.minimum(apart, FURTHEST)
    seen = [tf.where(periodic, 0.0, points), apart]
    seen += [tf.where(periodic, 0.0, tf.clip_by_value(numbers, -FURTHEST, FURTHEST))]
    shape = tf.shape(apart)[:-1]
    return tf.concat(
        [tf.broadcast_to(each, tf.concat([shape, [each.shape[-1]]], axis=0)) for each in seen],
        axis=-1,
    )


class AxisPairs(keras.layers.Layer):
    """What actions and things have of each other, by a network that all axes share.

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

    def call(self, actions: tf.Tensor, observed: Sequence[tf.Tensor]) -> tf.Tensor | None:
        """Numbers of B states, E actions and K things, `[B, E, K, units]`.

        Args:
            actions: actions `[B, E, A]`.
            observed: arrays of numbers of the things as they were observed, each `[B, K, r]`. The
                numbers of an array with A numbers stand for the axes, in their order.

        Returns:
            The numbers, or None if fewer than two arrays have a number for each axis.
        """
        dim = self._space.dim
        if not has_aligned([array.shape[-1] for array in observed], dim):
            return None
        numbers = numbers_by_axis(self._space, observed)
        seen = compared(self._space.normalise(actions), numbers, self._space.periodic)
        found = tf.nn.silu(self.first(seen) + self.of_axis(tf.eye(dim)))
        found = self.second(found)
        # The worst axis decides about a box, the sum of all about a ball.
        pooled = tf.concat([tf.reduce_max(found, -2), tf.reduce_mean(found, -2)], axis=-1)
        return self.last(pooled)
