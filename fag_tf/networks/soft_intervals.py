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
_BISECTIONS = 8
_NEWTON_STEPS = 3
_WIDTH_BEND = 0.06


class SoftIntervals(NamedTuple):
    """A mixture of K soft intervals for each of B states, or for each of N points of a state.

    The shapes are `[B, N, K]` or `[B, 1, K]`; lengths are in half-ranges of the axis. Mixtures of
    several axes of the same kind may be together, `[S, B, N, K]`; points and results then are
    `[S, B, N]`.

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
        edges = self._edges()
        return tf.clip_by_value(edges.sum_below(edges.at(x)) + edges.before, 0.0, 1.0)

    def point_at(self, share: tf.Tensor) -> tf.Tensor:
        """The inverse of `share_below`: points `[B, N]` for shares `[B, N]` within [0, 1].

        The number of steps is fixed. After the bisections the bracket is hardly wider than the
        shortest edge is soft, so that Newton's method converges at once.
        The steps are loops, which compile and export in a fraction of the time of their steps one
        by one; see `fag_tf.deployment.onnx_loops`.
        """
        edges = self._edges()
        wanted = share - edges.before

        def halve(point: tf.Tensor, reach: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            short = edges.sum_below(edges.at(point)) < wanted
            return point + tf.where(short, 0.5 * reach, -0.5 * reach), 0.5 * reach

        def improve(point: tf.Tensor, reach: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            at = edges.at(point)
            step = (wanted - edges.sum_below(at)) / tf.maximum(edges.density(at), 1e-6)
            return point + tf.clip_by_value(step, -reach, reach), reach

        found = (tf.zeros_like(share), tf.constant(1.0))
        for step, times in ((halve, _BISECTIONS), (improve, _NEWTON_STEPS)):
            found = tf.while_loop(lambda *_: True, step, found, maximum_iterations=times)
        return tf.clip_by_value(found[0], -1.0, 1.0)

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

    def _edges(self) -> "_Edges":
        begin = self._from_centre(-1.0) if self.periodic else self._ends()[0]
        weight = tf.exp(self.log_weight)
        slope = 0.5 * weight / (self.half_width * self._left_over())
        slope = tf.concat([slope, -slope], axis=-1)
        sharpness = tf.concat([1.0 / self.softness] * 2, axis=-1)
        middle = begin + 1.0
        middle = tf.concat([middle + self.half_width, middle - self.half_width], axis=-1)
        turn = (-begin, weight) if self.periodic else None
        edges = _Edges(middle * sharpness, sharpness, slope, slope / sharpness, 0.0, turn)
        start = -tf.ones_like(weight[..., 0])
        return edges._replace(before=-edges.sum_below(edges.at(start)))


class _Place(NamedTuple):
    """Where points are, `[B, N]`.

    Attributes:
        scaled: distance from each edge, in lengths over which it falls off, `[B, N, 2 K]`.
        around: on a circle, the weight of the intervals whose opposite lies before the point.
    """

    scaled: tf.Tensor
    around: tf.Tensor | None


class _Edges(NamedTuple):
    """The distribution function as a sum over the 2 K edges of the intervals.

    What does not depend on the point is computed once for all points.

    Attributes:
        middle: distance from each edge to 0, in lengths over which it falls off, `[B, N, 2 K]`.
        sharpness: one over these lengths.
        slope: what each edge adds to the density beyond it.
        factor: slope over sharpness.
        before: what makes the sum 0 at -1, `[B, N]`.
        turn: on a circle, the point opposite each centre, and the weights, `[B, N, K]`.
    """

    middle: tf.Tensor
    sharpness: tf.Tensor
    slope: tf.Tensor
    factor: tf.Tensor
    before: tf.Tensor | float
    turn: tuple[tf.Tensor, tf.Tensor] | None

    def at(self, x: tf.Tensor) -> _Place:
        """Where the points `[B, N]` are."""
        distance = tf.expand_dims(x, -1)
        if self.turn is None:
            return _Place(self.middle + self.sharpness * distance, None)
        opposite, weight = self.turn
        around = tf.cast(distance >= opposite, x.dtype)
        distance = tf.concat([distance - 2.0 * around] * 2, axis=-1)
        weight = tf.reduce_sum(weight * around, axis=-1)
        return _Place(self.middle + self.sharpness * distance, weight)

    def sum_below(self, place: _Place) -> tf.Tensor:
        """The distribution function less `before`, `[B, N]`."""
        below = tf.reduce_sum(self.factor * tf.nn.softplus(place.scaled), axis=-1)
        return below if place.around is None else below + place.around

    def density(self, place: _Place) -> tf.Tensor:
        """The density `[B, N]`, per half-range."""
        return tf.reduce_sum(self.slope * tf.sigmoid(place.scaled), axis=-1)


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
