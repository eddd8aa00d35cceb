"""The networks of an autoregressive actor: for each axis, the numbers of its mixture of intervals.

A network sees the state, the earlier axes of the action and the things of the state. Each thing is
looked at together with the earlier axes (a pair). The greatest of each number of the pairs goes on,
so that the order of things need not matter and any number of them can be handled. Attention
(Vaswani et al. 2017) selects things whose own numbers reach the output directly, so that an
interval can lie where a thing lies. The networks of all axes run side by side.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.networks.observed_parts import ObservedParts
from fag_tf.networks.pooling import attended, attention, greatest
from fag_tf.networks.stacked import StackedDense, of_networks

__all__ = ["AxisFeatures", "AxisNetworks"]

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
    """

    hidden: tf.Tensor
    output: tf.Tensor
    pairs: tuple[tf.Tensor, ...]
    things: tuple[tf.Tensor, ...]
    present: tuple[tf.Tensor | None, ...]


class _PairLayers(NamedTuple):
    """The layers of the pairs of an action with each thing of a list."""

    of_thing: StackedDense
    of_state: StackedDense
    of_action: StackedDense
    second: StackedDense
    attention: StackedDense
    to_hidden: StackedDense
    to_output: StackedDense


class AxisNetworks(keras.layers.Layer):
    """S networks, one an axis, with O outputs each.

    Args:
        sees: which coordinates of the action each axis sees, `[S, C]`, 1 or 0.
        vector_size: F, number of numbers of a state.
        row_sizes: R of each list of things.
        width: number of units in each hidden layer.
        depth: number of hidden layers.
        outputs: O.
        seed: seed of the initial weights.
    """

    def __init__(
        self,
        sees: NDArray[np.bool_],
        vector_size: int,
        row_sizes: list[int],
        width: int,
        depth: int,
        outputs: int,
        seed: int,
    ) -> None:
        super().__init__(name="axes")
        self._sees = sees.astype(np.float32)
        stack, coordinates = sees.shape
        self._sizes = (stack, vector_size)

        number = iter(range(1000))

        def layer(
            name: str, inputs: int, units: int, scale: float = 1.0, bias: bool = True
        ) -> StackedDense:
            return StackedDense(stack, inputs, units, scale, seed + 101 * next(number), bias, name)

        def to_output(name: str, inputs: int, bias: bool = False) -> StackedDense:
            # Small at first: before training the mixtures are spread over the axes.
            return layer(f"output_of_{name}", inputs, outputs, 0.02**2, bias)

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
                layer(f"hidden_of_pairs_{i}", _PAIR_UNITS, width, bias=False),
                to_output(f"things_{i}", _HEADS * size),
            )
            for i, size in enumerate(row_sizes)
        ]
        self.built = True

    def of_state(self, parts: ObservedParts) -> AxisFeatures:
        """What the networks need of B states."""
        vector = parts.vector
        if vector is None:
            vector = tf.zeros_like(parts.rows[0].values[:, 0, :1])
        one = vector[None]
        pairs = tuple(
            (layers.of_thing(rows.values[None]) + layers.of_state(one)[:, :, None])[:, :, None]
            for layers, rows in zip(self.pairs, parts.rows, strict=True)
        )
        return AxisFeatures(
            self.hidden_of_state(one)[:, :, None],
            self.output_of_state(one)[:, :, None],
            pairs,
            tuple(rows.values for rows in parts.rows),
            tuple(rows.present for rows in parts.rows),
        )

    def call(
        self, features: AxisFeatures, action: tf.Tensor, only: int | tf.Tensor | None = None
    ) -> tf.Tensor:
        """Numbers of the mixtures, `[S, B, N, O]`.

        Args:
            features: the result of `of_state`.
            action: coordinates of N actions of each state, `[B, N, C]`. What an axis does not see
                may be anything finite.
            only: number of the one axis whose network runs, see `of_networks`; the first axis then
                has length 1.
        """
        seen = action[None] * of_networks(tf.constant(self._sees), only)[:, None, None, :]
        hidden = of_networks(features.hidden, only) + self.hidden_of_action(seen, only=only)
        output = of_networks(features.output, only) + self.output_of_action(seen, only=only)
        for i, (things, present) in enumerate(zip(features.things, features.present, strict=True)):
            layers = self.pairs[i]
            pair = (
                of_networks(features.pairs[i], only)
                + layers.of_action(seen, only=only)[:, :, :, None]
            )
            pair = tf.nn.silu(layers.second(tf.nn.silu(pair), only=only))
            share = attention(layers.attention(pair, only=only), present)
            hidden += layers.to_hidden(greatest(pair, present), only=only)
            output += layers.to_output(attended(share, things[None, :, None]), only=only)
        hidden = tf.nn.silu(hidden)
        for layer in self.hidden:
            hidden = tf.nn.silu(layer(hidden, only=only))
        return output + self.output_of_hidden(hidden, only=only)
