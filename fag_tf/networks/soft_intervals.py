"""Mixtures of intervals with soft edges on one axis: density, distribution function, inverse.

The axis is [-1, 1], bounded or a circle of length 2. An interval of half-width h and softness s
around its centre has the density

    (sigmoid((y + h) / s) - sigmoid((y - h) / s)) / 2h

at a distance y from the centre. On a bounded axis what lies beyond the ends is cut off. On a circle
y is the shorter way around it, and the rest is cut off at the point opposite the centre. Each
interval is divided by what is left of it. The mixture's density is therefore exact.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

__all__ = ["SoftIntervals", "intervals_of"]

LEAST_HALF_WIDTH = 0.01
LEAST_SOFTNESS = 0.003
BISECTIONS = 14
_WIDTH_BEND = 0.06


class SoftIntervals(NamedTuple):
    """A mixture of K soft intervals for each of B states, or for each of N points of a state.

    The shapes are `[B, N, K]` or `[B, 1, K]`; lengths are in half-ranges of the axis.

    Attributes:
        log_weight: log weights; the weights of a mixture add to 1.
        centre: centres, within [-1, 1] on a bounded axis and anywhere on a circle.
        half_width: half-widths.
        softness: lengths over which the edges fall off, the same for both edges of an interval.
        periodic: whether the axis is a circle.
    """

    log_weight: tf.Tensor
    centre: tf.Tensor
    half_width: tf.Tensor
    softness: tf.Tensor
    periodic: bool

    def log_density(self, x: tf.Tensor) -> tf.Tensor:
        """Log density `[B, N]` at points `[B, N]` of the axis, per half-range."""
        y = self._from_centre(x[..., None])
        outer, inner = self._scaled(y + self.half_width), self._scaled(y - self.half_width)
        # sigmoid(u) - sigmoid(v) = sigmoid(u) sigmoid(-v) (1 - exp(v - u))
        log_height = tf.math.log(1.0 - tf.exp(-2.0 * self._scaled(self.half_width)))
        log_height -= tf.math.log(2.0 * self.half_width * self._left_over())
        log_each = log_height - tf.nn.softplus(-outer) - tf.nn.softplus(inner) + self.log_weight
        highest = tf.stop_gradient(tf.reduce_max(log_each, axis=-1, keepdims=True))
        return highest[..., 0] + tf.math.log(tf.reduce_sum(tf.exp(log_each - highest), axis=-1))

    def share_below(self, x: tf.Tensor) -> tf.Tensor:
        """The distribution function `[B, N]`: the share of the mixture between -1 and `x`."""
        return self._share_below(x, self._left_over())

    def point_at(self, share: tf.Tensor) -> tf.Tensor:
        """The inverse of `share_below`: points `[B, N]` for shares `[B, N]` within [0, 1].

        The number of steps is fixed. Between the ends of the last bracket, which are closer than
        any edge is soft, the distribution function is nearly a line.
        The steps are a loop: a graph that has each of them takes minutes to export.
        """
        left_over = self._left_over()

        def halve(
            low: tf.Tensor, high: tf.Tensor, below: tf.Tensor, above: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
            middle = 0.5 * (low + high)
            here = self._share_below(middle, left_over)
            right = here < share
            return (
                tf.where(right, middle, low),
                tf.where(right, high, middle),
                tf.where(right, here, below),
                tf.where(right, above, here),
            )

        zero = tf.zeros_like(share)
        bracket = (zero - 1.0, zero + 1.0, zero, zero + 1.0)
        low, high, below, above = tf.while_loop(
            lambda *_: True, halve, bracket, maximum_iterations=BISECTIONS
        )
        # Both ends are equal where the mixture has nothing in between.
        part = (share - below) / tf.maximum(above - below, 1e-12)
        return low + tf.clip_by_value(part, 0.0, 1.0) * (high - low)

    def _scaled(self, length: tf.Tensor) -> tf.Tensor:
        return length / self.softness

    def _from_centre(self, x: tf.Tensor) -> tf.Tensor:
        y = x - self.centre
        return tf.math.floormod(y + 1.0, 2.0) - 1.0 if self.periodic else y

    def _uncut(self, y: tf.Tensor) -> tf.Tensor:
        """Share of each whole interval below a distance y from its centre."""
        edges = tf.nn.softplus(self._scaled(y + self.half_width))
        edges -= tf.nn.softplus(self._scaled(y - self.half_width))
        return 0.5 * edges * self.softness / self.half_width

    def _ends(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Distances of the ends of what is left of each interval from its centre."""
        if self.periodic:
            return -tf.ones_like(self.centre), tf.ones_like(self.centre)
        return -1.0 - self.centre, 1.0 - self.centre

    def _left_over(self) -> tf.Tensor:
        """Share of each whole interval that is not cut off."""
        first, last = self._ends()
        return self._uncut(last) - self._uncut(first)

    def _share_below(self, x: tf.Tensor, left_over: tf.Tensor) -> tf.Tensor:
        weight = tf.exp(self.log_weight) / left_over
        if self.periodic:
            begin = self._from_centre(-1.0)
            end = begin + x[..., None] + 1.0
            around = tf.cast(end >= 1.0, x.dtype)  # past the point opposite the centre
            each = self._uncut(end - 2.0 * around) - self._uncut(begin) + around * left_over
        else:
            each = self._uncut(x[..., None] - self.centre) - self._uncut(self._ends()[0])
        return tf.clip_by_value(tf.reduce_sum(weight * each, axis=-1), 0.0, 1.0)


def intervals_of(raw: tf.Tensor, periodic: bool) -> SoftIntervals:
    """The mixture that numbers of a network stand for.

    For numbers near 0 the intervals lie side by side and the mixture is spread over the axis.
    Centres and half-widths are nearly linear in their numbers, so that a network can pass on a
    place that it observes.

    Args:
        raw: any numbers `[B, N, 4 K]`.
        periodic: whether the axis is a circle.
    """
    weight, place, width, edge = tf.split(tf.clip_by_value(raw, -1e3, 1e3), 4, axis=-1)
    number = int(weight.shape[-1])
    start = ((2.0 * np.arange(number) + 1.0) / number - 1.0).astype(np.float32)
    centre = place + start
    if not periodic:
        # Linear up to about 0.8, and never beyond the ends.
        centre *= tf.exp(-tf.math.log(1.0 + tf.square(tf.square(tf.square(centre)))) / 8.0)
    # Each interval begins twice as wide as its share of the axis.
    width += 2.0 / number
    half_width = LEAST_HALF_WIDTH + 0.5 * (width + tf.sqrt(tf.square(width) + _WIDTH_BEND**2))
    softness = LEAST_SOFTNESS + half_width * tf.sigmoid(edge - 1.0)
    return SoftIntervals(tf.nn.log_softmax(weight), centre, half_width, softness, periodic)
