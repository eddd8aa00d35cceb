"""The networks of an autoregressive actor: for each axis, the numbers of its mixture of intervals.

A network sees the state, the earlier axes of the action and the things of the state. Each thing is
looked at together with the earlier axes (a pair). The greatest of each number of the pairs goes on,
so that the order of things need not matter and any number of them can be handled. Attention
(Vaswani et al. 2017) selects things whose own numbers reach the output directly, so that an
interval can lie where a thing lies. Things with several numbers for each axis are also compared
with the earlier axes one by one (`earlier_axes`). The networks of all axes run side by side.
"""

from typing import NamedTuple, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from fag_tf.networks.axis_pairs import has_aligned
from fag_tf.networks.earlier_axes import EarlierAxes, ThingsByAxis
from fag_tf.networks.observed_parts import ObservedParts
from fag_tf.networks.pooling import attended, attention, greatest
from fag_tf.networks.stacked import StackedDense, of_networks
from fag_tf.spaces import ActionSpace

__all__ = ["AxisFeatures", "AxisNetworks", "Earlier"]

Earlier: TypeAlias = tuple[tf.Tensor, ...]
"""What an axis knows of the earlier ones: sums of `EarlierAxes` of each list that is compared."""

_HEADS = 2
_PAIR_UNITS = 32


class AxisFeatures(NamedTuple):
    """What the networks of S axes need of B states.

    Attributes:
        hidden: the state's part of the first hidden layer, `[S, B, 1, width]`.
        output: the state's part of the output, `[S, B, 1, O]`.
        pairs: for each list of things, its part of the pairs, `[S, B, 1, K, D]`.
        things: for each list of things, its numbers `[B, K, R]`.
        present: for each list of things, which of them are there, `[B, K]` or None.
        by_axis: for each list of things that are compared axis by axis, what is known of them.
    """

    hidden: tf.Tensor
    output: tf.Tensor
    pairs: tuple[tf.Tensor, ...]
    things: tuple[tf.Tensor, ...]
    present: tuple[tf.Tensor | None, ...]
    by_axis: tuple[ThingsByAxis, ...]


class _PairLayers(NamedTuple):
    """The layers of the pairs of an action with each thing of a list."""

    of_thing: StackedDense
    of_state: StackedDense
    of_action: StackedDense
    second: StackedDense
    attention: StackedDense
    earlier: EarlierAxes | None
    to_hidden: StackedDense
    to_output: StackedDense


class AxisNetworks(keras.layers.Layer):
    """S networks, one an axis, with O outputs each.

    Args:
        space: the action space, with S axes.
        vector_size: F, number of numbers of a state.
        row_sizes: R of each list of things.
        array_sizes: number of numbers in each array that a list of things comes from.
        width: number of units in each hidden layer.
        depth: number of hidden layers.
        outputs: O.
        seed: seed of the initial weights.
    """

    def __init__(
        self,
        space: ActionSpace,
        vector_size: int,
        row_sizes: list[int],
        array_sizes: list[list[int]],
        width: int,
        depth: int,
        outputs: int,
        seed: int,
    ) -> None:
        super().__init__(name="axes")
        self._periodic = space.periodic
        # An axis is seen by the later ones, as one coordinate or as a point on a circle.
        axis_of = np.repeat(np.arange(space.dim), np.where(space.periodic, 2, 1))
        sees = axis_of[None, :] < np.arange(space.dim)[:, None]
        self._sees = sees.astype(np.float32)
        stack, coordinates = sees.shape
        number = iter(range(1000))

        def layer(
            name: str, inputs: int, units: int, scale: float = 1.0, bias: bool = True
        ) -> StackedDense:
            return StackedDense(stack, inputs, units, scale, seed + 101 * next(number), bias, name)

        def to_output(name: str, inputs: int, bias: bool = False) -> StackedDense:
            # Small at first: before training the mixtures are spread over the axes.
            return layer(f"output_of_{name}", inputs, outputs, 0.02**2, bias)

        def earlier(sizes: list[int]) -> EarlierAxes | None:
            if not has_aligned(sizes, stack):
                return None
            return EarlierAxes(space, sizes.count(stack), _PAIR_UNITS, seed + 101 * next(number))

        # The parts of a first layer add up; the bias is the state's.
        self.hidden_of_state = layer("hidden_of_state", max(vector_size, 1), width)
        self.hidden_of_action = layer("hidden_of_action", coordinates, width, bias=False)
        self.hidden = [layer(f"hidden_{i}", width, width, 2.0) for i in range(1, depth)]
        self.output_of_hidden = to_output("hidden", width, bias=True)
        self.output_of_state = to_output("state", max(vector_size, 1))
        self.output_of_action = to_output("action", coordinates)
        self.pairs = [
            _PairLayers(
                layer(f"pair_of_thing_{i}", size, _PAIR_UNITS),
                layer(f"pair_of_state_{i}", max(vector_size, 1), _PAIR_UNITS),
                layer(f"pair_of_action_{i}", coordinates, _PAIR_UNITS, bias=False),
                layer(f"pair_{i}", _PAIR_UNITS, _PAIR_UNITS, 2.0),
                layer(f"attention_output_{i}", _PAIR_UNITS, _HEADS, 0.16),
                earlier(sizes),
                layer(f"hidden_of_pairs_{i}", _PAIR_UNITS, width, bias=False),
                to_output(f"things_{i}", _HEADS * size),
            )
            for i, (size, sizes) in enumerate(zip(row_sizes, array_sizes, strict=True))
        ]
        self.built = True

    def of_state(self, parts: ObservedParts) -> AxisFeatures:
        """What the networks need of B states."""
        vector = parts.vector
        if vector is None:
            vector = tf.zeros_like(parts.rows[0].values[:, 0, :1])
        one = vector[None]
        pairs = [
            (layers.of_thing(rows.values[None]) + layers.of_state(one)[:, :, None])[:, :, None]
            for layers, rows in zip(self.pairs, parts.rows, strict=True)
        ]
        by_axis = []
        for i, earlier in self._compared():
            by_axis.append(earlier.of_state(parts.rows[i].observed))
            pairs[i] += by_axis[-1].later
        return AxisFeatures(
            self.hidden_of_state(one)[:, :, None],
            self.output_of_state(one)[:, :, None],
            tuple(pairs),
            tuple(rows.values for rows in parts.rows),
            tuple(rows.present for rows in parts.rows),
            tuple(by_axis),
        )

    def before_all(self, features: AxisFeatures, count: tf.Tensor) -> Earlier:
        """What the first axis knows of N points of each state: nothing."""
        things = zip(self._compared(), features.by_axis, strict=True)
        return tuple(earlier.before_all(of, count) for (_, earlier), of in things)

    def after(
        self, before: Earlier, features: AxisFeatures, point: tf.Tensor, axis: int | tf.Tensor
    ) -> Earlier:
        """What the next axis knows, after an axis on which the points are `[B, N]`.

        Args:
            before: what this axis knows.
            features: the result of `of_state`.
            point: the points on this axis, in half-ranges.
            axis: number of this axis, also one that a loop in the graph counts.
        """
        things = zip(before, self._compared(), features.by_axis, strict=True)
        return tuple(earlier.after(sums, of, point, axis) for sums, (_, earlier), of in things)

    def call(
        self,
        features: AxisFeatures,
        points: tf.Tensor,
        only: int | tf.Tensor | None = None,
        before: Earlier = (),
    ) -> tf.Tensor:
        """Numbers of the mixtures, `[S, B, N, O]`.

        Args:
            features: the result of `of_state`.
            points: N actions of each state in half-ranges, `[B, N, A]`. What an axis does not see
                may be anything finite.
            only: number of the one axis whose network runs, see `of_networks`; the first axis then
                has length 1.
            before: with `only`, what this axis knows of the earlier ones, from `after`.
        """
        action = self._coordinates(points)
        seen = action[None] * of_networks(tf.constant(self._sees), only)[:, None, None, :]
        hidden = of_networks(features.hidden, only) + self.hidden_of_action(seen, only=only)
        output = of_networks(features.output, only) + self.output_of_action(seen, only=only)
        compared = self._of_earlier(features, points, only, before)
        for i, (things, present) in enumerate(zip(features.things, features.present, strict=True)):
            layers = self.pairs[i]
            pair = (
                of_networks(features.pairs[i], only)
                + layers.of_action(seen, only=only)[:, :, :, None]
            )
            if i in compared:
                pair += compared[i]
            pair = tf.nn.silu(layers.second(tf.nn.silu(pair), only=only))
            share = attention(layers.attention(pair, only=only), present)
            hidden += layers.to_hidden(greatest(pair, present), only=only)
            output += layers.to_output(attended(share, things[None, :, None]), only=only)
        hidden = tf.nn.silu(hidden)
        for layer in self.hidden:
            hidden = tf.nn.silu(layer(hidden, only=only))
        return output + self.output_of_hidden(hidden, only=only)

    def _compared(self) -> list[tuple[int, EarlierAxes]]:
        """The lists of things that are compared axis by axis, with the layer that does it."""
        layers = ((i, pairs.earlier) for i, pairs in enumerate(self.pairs))
        return [(i, earlier) for i, earlier in layers if earlier is not None]

    def _of_earlier(
        self,
        features: AxisFeatures,
        points: tf.Tensor,
        only: int | tf.Tensor | None,
        before: Earlier,
    ) -> dict[int, tf.Tensor]:
        """What the pairs of each list of things have of the earlier axes, `[S, B, N, K, D]`."""
        found = {}
        for n, ((i, earlier), of) in enumerate(
            zip(self._compared(), features.by_axis, strict=True)
        ):
            sums = earlier.of_axes(of, points) if only is None else before[n][None]
            found[i] = earlier(sums, only=only)
        return found

    def _coordinates(self, points: tf.Tensor) -> tf.Tensor:
        """What the networks see of points `[B, N, A]`, `[B, N, C]`."""
        seen: list[tf.Tensor] = []
        for i, periodic in enumerate(self._periodic):
            point = points[..., i]
            seen += [tf.cos(np.pi * point), tf.sin(np.pi * point)] if periodic else [point]
        return tf.stack(seen, axis=-1)
