"""The general critic: a perceptron on state and action, and on each thing of the state.

Where the state has things, each is looked at together with the action (a pair), and axis by axis
if it has several numbers for each axis (`AxisPairs`). A pair says how far the thing allows the
action and how far it forbids it. An action is feasible if the perceptron agrees, some thing allows
it and none forbids it. The perceptron also sees the greatest of each number of the pairs.
"""

from collections.abc import Mapping
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from fag_tf.networks.axis_pairs import AxisPairs
from fag_tf.networks.base import Critic, Observation
from fag_tf.networks.observed_parts import ObservedParts, PartReader, Rows
from fag_tf.networks.pooling import greatest
from fag_tf.networks.sine_units import SineUnits
from fag_tf.objectives.kernels import ProductKernel
from fag_tf.spaces import ActionSpace, ArraySpec

__all__ = ["GeneralCritic"]

_PAIR_DEPTH, _PAIR_UNITS = 3, 64
_ABSENT = -1e9
# A logit is learnt four times as fast as other outputs: they begin near 0 and end far from it.
_SCALE = 4.0
# Before training things allow and do not forbid, so that the perceptron decides.
_BEGIN = 3.0
_MARGIN = 1e-4


class GeneralCritic(Critic):
    """A critic for any observations.

    Actions on periodic axes are embedded as points on circles, and bounded axes also by their sines
    (`SineUnits`).

    Args:
        space: the action space.
        observation_spec: specification of the observations; see
            `fag_tf.networks.observed_parts`.
        width: number of units in each hidden layer of the perceptron.
        depth: number of hidden layers of the perceptron.
        seed: seed of the initial weights.
        standardise: whether `adapt` standardises what is observed.
    """

    def __init__(
        self,
        space: ActionSpace,
        observation_spec: Mapping[str, ArraySpec],
        width: int,
        depth: int,
        seed: int,
        standardise: bool = False,
    ) -> None:
        super().__init__(name="critic")
        self.kernel = ProductKernel(space)
        self.reader = PartReader(observation_spec, seed + 5, standardise)
        self.sines = SineUnits(int(np.sum(~space.periodic)), seed + 7)
        self.first = _dense(width, seed)
        self.hidden = [_dense(width, seed + 1 + i) for i in range(depth - 1)]
        self.last = _dense(1, seed + 50, 0.01, name="output")
        self.pairs = [
            _Pairs(space, width, seed + 100 * (1 + i)) for i in range(len(self.reader.row_sizes))
        ]

    def adapt(self, observation: Observation) -> None:
        """Learn the scale of what is observed; see the base class."""
        self.reader.adapt(observation)

    def encode(self, observation: Observation) -> ObservedParts:
        """The parts of the observations of B states; see the base class."""
        return self.reader(observation)

    def logits(
        self, features: ObservedParts, actions: tf.Tensor, known: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Logits `[B, E]`; see the base class.

        Args:
            features: the result of `encode`.
            actions: actions `[B, E, A]`.
            known: further numbers of each action, `[B, E, C]`; None for none.
        """
        seen = self.sines(self.kernel.embed(actions))
        if known is not None:
            seen = tf.concat([seen, known], axis=-1)
        if features.vector is not None:
            size = features.vector.shape[-1]
            shape = [tf.shape(seen)[0], tf.shape(seen)[1], size]
            seen = tf.concat([seen, tf.broadcast_to(features.vector[:, None], shape)], axis=-1)
        hidden = self.first(seen)
        log_probability = []
        for pairs, rows in zip(self.pairs, features.rows, strict=True):
            of = pairs(seen, actions, rows)
            hidden += of.hidden
            log_probability += [of.log_allowed, of.log_not_forbidden]
        hidden = tf.nn.silu(hidden)
        for layer in self.hidden:
            hidden = tf.nn.silu(layer(hidden))
        logit = _SCALE * self.last(hidden)[..., 0]
        if not log_probability:
            return logit
        return _logit_of([tf.math.log_sigmoid(logit + _BEGIN), *log_probability])


class _OfPairs(NamedTuple):
    """What the pairs of B states and E actions say.

    Attributes:
        log_allowed: log probability that some thing allows an action, `[B, E]`.
        log_not_forbidden: log probability that no thing forbids an action, `[B, E]`.
        hidden: their part of the perceptron's first layer, `[B, E, width]`.
    """

    log_allowed: tf.Tensor
    log_not_forbidden: tf.Tensor
    hidden: tf.Tensor


class _Pairs(keras.layers.Layer):
    """The network of the pairs of an action with each thing of a list."""

    def __init__(self, space: ActionSpace, width: int, seed: int) -> None:
        super().__init__(name="pairs")
        units = _PAIR_UNITS
        self.of_thing = _dense(units, seed)
        self.of_action = _dense(units, seed + 1, bias=False)
        self.of_axes = AxisPairs(space, units, seed + 6)
        self.hidden = [_dense(units, seed + 2 + 50 * i) for i in range(_PAIR_DEPTH - 1)]
        self.verdict = _dense(2, seed + 3, 0.01, name="output")
        self.to_hidden = _dense(width, seed + 5, 1.0, bias=False)

    def call(self, seen: tf.Tensor, actions: tf.Tensor, rows: Rows) -> _OfPairs:
        """What actions have of the things.

        Args:
            seen: coordinates of actions with the state's numbers, `[B, E, C]`.
            actions: the actions `[B, E, A]`.
            rows: the things.
        """
        pair = self.of_thing(rows.values)[:, None] + self.of_action(seen)[:, :, None]
        by_axis = self.of_axes(actions, rows.observed)
        if by_axis is not None:
            pair += by_axis
        pair = tf.nn.silu(pair)
        for layer in self.hidden:
            pair = tf.nn.silu(layer(pair))
        verdict = _SCALE * self.verdict(pair)
        allows, forbids = verdict[..., 0] + _BEGIN, verdict[..., 1] - _BEGIN
        if rows.present is not None:
            absent = _ABSENT * (1.0 - rows.present[:, None, :])
            allows, forbids = allows + absent, forbids + absent
        allowed = tf.reduce_logsumexp(allows, axis=-1)
        if rows.present is not None:
            # A state without things has none that could allow anything: the perceptron decides.
            some = tf.reduce_max(rows.present, axis=-1)[:, None] > 0.0
            allowed = tf.where(some, allowed, _BEGIN)
        return _OfPairs(
            tf.math.log_sigmoid(allowed),
            tf.reduce_sum(tf.math.log_sigmoid(-forbids), axis=-1),
            self.to_hidden(greatest(pair, rows.present)),
        )


def _logit_of(log_probabilities: list[tf.Tensor]) -> tf.Tensor:
    """The logit of a product of probabilities.

    The product is kept a little below 1, so that a wrong certainty still has a gradient.
    """
    log_probability = tf.add_n(log_probabilities) - _MARGIN
    return log_probability - tf.math.log(1.0 - tf.exp(log_probability))


def _dense(
    units: int, seed: int, scale: float = 2.0, bias: bool = True, name: str | None = None
) -> keras.layers.Dense:
    start = keras.initializers.VarianceScaling(scale, seed=seed)
    return keras.layers.Dense(units, use_bias=bias, kernel_initializer=start, name=name)
