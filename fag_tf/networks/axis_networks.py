"""The networks of an autoregressive actor: for each axis, the numbers of its mixture of intervals.

A network sees the state, the earlier axes of the action and the things of the state. Each thing is
looked at together with the earlier axes (a pair), and the pairs are pooled by their maximum and by
attention (Vaswani et al. 2017), so that the order of things need not matter and any number of them
can be handled. What the attention selects also reaches the output directly, so that an interval can
lie where a thing lies. The networks of all axes run side by side.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.networks.observed_parts import ObservedParts
from fag_tf.networks.pooling import attended, attention, greatest
from fag_tf.networks.stacked import StackedDense

__all__ = ["AxisFeatures", "AxisNetworks"]

_HEADS = 4
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
        sees: NDArray[np.float64],
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

        def layer(
            number: int, inputs: int, units: int, scale: float = 1.0, bias: bool = True
        ) -> StackedDense:
            return StackedDense(stack, inputs, units, scale, seed + 101 * number, bias)

        def to_output(number: int, inputs: int, bias: bool = False) -> StackedDense:
            # Small at first: before training the mixtures are spread over the axes.
            return StackedDense(
                stack, inputs, outputs, 0.05**2, seed + 101 * number, bias, name="output"
            )

        # The parts of a first layer add up; the bias is the state's.
        self.hidden_of_state = layer(0, max(vector_size, 1), width)
        self.hidden_of_action = layer(1, coordinates, width, bias=False)
        self.hidden = [layer(2 + i, width, width, 2.0) for i in range(depth - 1)]
        self.output_of_hidden = to_output(20, width, bias=True)
        self.output_of_state = to_output(21, max(vector_size, 1))
        self.output_of_action = to_output(22, coordinates)
        units = _PAIR_UNITS
        lists = [(100 + 20 * i, size) for i, size in enumerate(row_sizes)]
        self.pair_of_thing = [layer(n, size, units) for n, size in lists]
        self.pair_of_state = [layer(n + 1, max(vector_size, 1), units) for n, _ in lists]
        self.pair_of_action = [layer(n + 2, coordinates, units, bias=False) for n, _ in lists]
        self.pair = [layer(n + 3, units, units, 2.0) for n, _ in lists]
        self.attention = [
            StackedDense(stack, units, _HEADS, 0.16, seed + 101 * (n + 4), name="output")
            for n, _ in lists
        ]
        self.hidden_of_pairs = [
            layer(n + 5, (1 + _HEADS) * units, width, bias=False) for n, _ in lists
        ]
        self.output_of_things = [to_output(n + 6, _HEADS * size) for n, size in lists]
        self.built = True

    def of_state(self, parts: ObservedParts) -> AxisFeatures:
        """What the networks need of B states."""
        vector = parts.vector
        if vector is None:
            vector = tf.zeros_like(parts.rows[0].values[:, 0, :1])
        one = vector[None]
        pairs = []
        for of_thing, of_state, rows in zip(
            self.pair_of_thing, self.pair_of_state, parts.rows, strict=True
        ):
            pairs.append((of_thing(rows.values[None]) + of_state(one)[:, :, None])[:, :, None])
        return AxisFeatures(
            self.hidden_of_state(one)[:, :, None],
            self.output_of_state(one)[:, :, None],
            tuple(pairs),
            tuple(rows.values for rows in parts.rows),
            tuple(rows.present for rows in parts.rows),
        )

    def call(self, features: AxisFeatures, action: tf.Tensor, only: int | None = None) -> tf.Tensor:
        """Numbers of the mixtures, `[S, B, N, O]`.

        Args:
            features: the result of `of_state`.
            action: coordinates of N actions of each state, `[B, N, C]`. What an axis does not see
                may be anything finite.
            only: number of the one axis whose network runs; the first axis then has length 1.
        """
        chosen = slice(None) if only is None else slice(only, only + 1)
        seen = action[None] * self._sees[chosen][:, None, None, :]
        hidden = features.hidden[chosen] + self.hidden_of_action(seen, only=only)
        output = features.output[chosen] + self.output_of_action(seen, only=only)
        for i, things in enumerate(features.things):
            pair = features.pairs[i][chosen] + self.pair_of_action[i](seen, only=only)[:, :, :, None]
            pair = tf.nn.silu(self.pair[i](tf.nn.silu(pair), only=only))
            present = features.present[i]
            share = attention(self.attention[i](pair, only=only), present)
            of_pairs = attended(share, pair)
            of_things = attended(share, things[None, :, None])
            pooled = tf.concat([greatest(pair, present), of_pairs], axis=-1)
            hidden += self.hidden_of_pairs[i](pooled, only=only)
            output += self.output_of_things[i](of_things, only=only)
        hidden = tf.nn.silu(hidden)
        for layer in self.hidden:
            hidden = tf.nn.silu(layer(hidden, only=only))
        return output + self.output_of_hidden(hidden, only=only)
