"""How the earlier axes of an action compare with things that have several numbers for each axis.

An action that is drawn axis by axis may go on in a box only if its earlier axes lie in this box. It
should do so the more often, the larger the box is on the later axes. Whether an axis lies in the
box is decided on every axis in the same way, as in `axis_pairs`. So one small network looks at the
earlier axes, another one at the later axes, and each axis of the action sees their sums.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from fag_tf.networks.axis_pairs import FURTHEST, compared, numbers_by_axis
from fag_tf.networks.stacked import StackedDense
from fag_tf.spaces import ActionSpace

__all__ = ["EarlierAxes", "ThingsByAxis"]

_UNITS = 16


class ThingsByAxis(NamedTuple):
    """What is known of the things of B states before an action is drawn.

    Attributes:
        numbers: their numbers for each axis in half-ranges, `[B, K, A, M]`.
        later: what each axis has of its own and the later numbers, `[A, B, 1, K, D]`.
    """

    numbers: tf.Tensor
    later: tf.Tensor


class EarlierAxes(keras.layers.Layer):
    """What each axis of an action has of the things, from the axes before and after it.

    Args:
        space: the action space.
        arrays: M, number of arrays of numbers of the things that have a number for each axis.
        units: D, number of outputs.
        seed: seed of the initial weights.
    """

    def __init__(self, space: ActionSpace, arrays: int, units: int, seed: int) -> None:
        super().__init__(name="earlier_axes")
        self._space = space
        number = iter(range(100))

        def shared(inputs: int) -> keras.layers.Dense:
            start = keras.initializers.HeNormal(seed + next(number))
            dense = keras.layers.Dense(_UNITS, "silu", kernel_initializer=start)
            dense.build((None, inputs))
            return dense

        def of_each(name: str) -> StackedDense:
            return StackedDense(space.dim, _UNITS, units, 1.0, seed + next(number), False, name)

        self.of_earlier = [shared(1 + 2 * arrays), shared(_UNITS)]
        self.of_later = [shared(arrays), shared(_UNITS)]
        self.to_pairs, self.later_to_pairs = of_each("earlier_to_pairs"), of_each("later_to_pairs")
        self.built = True

    def of_state(self, observed: tuple[tf.Tensor, ...]) -> ThingsByAxis:
        """What is known of the things whose arrays of numbers are `observed`, each `[B, K, r]`."""
        numbers = numbers_by_axis(self._space, observed)
        found = tf.clip_by_value(numbers, -FURTHEST, FURTHEST)
        for layer in self.of_later:
            found = layer(found)
        later = np.triu(np.ones((self._space.dim, self._space.dim), np.float32))
        sums = tf.einsum("bkau,sa->sbku", found, tf.constant(later))
        return ThingsByAxis(numbers, self.later_to_pairs(sums)[:, :, None])

    def of_axes(self, things: ThingsByAxis, points: tf.Tensor) -> tf.Tensor:
        """Sums over the axes before each axis, `[A, B, N, K, U]`, for points `[B, N, A]`."""
        found = self._found(points, things.numbers, self._space.periodic)
        earlier = np.tril(np.ones((self._space.dim, self._space.dim), np.float32), -1)
        return tf.einsum("bnkau,sa->sbnku", found, tf.constant(earlier))

    def before_all(self, things: ThingsByAxis, count: tf.Tensor) -> tf.Tensor:
        """The sums before the first axis, 0, for N points of each state: `[B, N, K, U]`."""
        batch, number = tf.unstack(tf.shape(things.numbers))[:2]
        return tf.zeros([batch, count, number, _UNITS])

    def after(
        self, sums: tf.Tensor, things: ThingsByAxis, point: tf.Tensor, axis: int | tf.Tensor
    ) -> tf.Tensor:
        """The sums `[B, N, K, U]` after an axis on which the points are `[B, N]`.

        Args:
            sums: the sums before this axis.
            things: the result of `of_state`.
            point: the points on this axis.
            axis: number of the axis, also one that a loop in the graph counts.
        """
        numbers = tf.gather(things.numbers, axis, axis=2)[:, :, None]
        periodic = tf.gather(tf.constant(self._space.periodic), axis)[None]
        return sums + self._found(point[..., None], numbers, periodic)[..., 0, :]

    def call(self, sums: tf.Tensor, only: int | tf.Tensor | None = None) -> tf.Tensor:
        """What the axes have of the things, `[S, B, N, K, D]`, without `ThingsByAxis.later`.

        Args:
            sums: sums over the earlier axes, `[S, B, N, K, U]`.
            only: number of the one axis, see `fag_tf.networks.stacked.of_networks`.
        """
        return self.to_pairs(sums, only=only)

    def _found(self, points: tf.Tensor, numbers: tf.Tensor, periodic: tf.Tensor) -> tf.Tensor:
        found = compared(points, numbers, periodic)
        for layer in self.of_earlier:
            found = layer(found)
        return found
