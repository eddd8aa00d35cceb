"""A conditional neural spline flow, fitted to the feasible actions of the replay memory."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from fag_tf.config.schedules import Schedule
from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment
from fag_tf.networks.base import (
    Actor,
    as_tensors,
    flatten,
    for_each,
)
from fag_tf.networks.mlp import mlp
from fag_tf.spaces import ActionSpace, ArraySpec
from fag_tf.training.baselines.generators import descend, stream
from fag_tf.training.trainer import Trainer

__all__ = ["FLOW_LEARNING_RATE", "ConditionalFlow", "build_flow", "fit_flow"]

FLOW_LEARNING_RATE = Schedule(4e-3, 2e-4, "cosine", 0.2)
_COUPLINGS = 3
_BINS = 12
_LEAST_BIN = 1e-2
_LEAST_SLOPE = 1e-2
_EDGE = 1e-5
_FLOW_PURPOSE = 11

tfb = tfp.bijectors


class ConditionalFlow(Actor):
    """Rational quadratic spline couplings, from the uniform distribution on [-1, 1]^A to actions.

    Source: Durkan et al. 2019 (arXiv 1906.04032). The features of the state are an additional input
    of each coupling. The flow maps [-1, 1]^A onto itself, so no sample lies outside the action
    space. A periodic axis is treated as a bounded axis, so the density may jump where its ends
    meet.

    Args:
        space: the action space.
        observation_spec: specification of the observations.
        width: number of units in each hidden layer.
        depth: number of hidden layers.
        seed: seed of the initial weights.
    """

    def __init__(
        self,
        space: ActionSpace,
        observation_spec: Mapping[str, ArraySpec],
        width: int,
        depth: int,
        seed: int,
    ) -> None:
        super().__init__(name="flow")
        self.space = space
        self.spec = dict(observation_spec)
        dim = self.latent_dim = space.dim
        half = dim // 2
        self.masked = [half if i % 2 == 0 else -half for i in range(_COUPLINGS)]
        outputs = (dim - half) * (3 * _BINS - 1)
        self.bodies = [
            mlp([width] * depth, outputs, seed + 7 * i, final_scale=0.05) for i in range(_COUPLINGS)
        ]

    def encode(self, observation: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """State features `[B, F]`; see the base class."""
        return flatten(observation, self.spec)

    def act(self, features: tf.Tensor, latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]` for base samples `latent` `[B, N, A]`; see the base class."""
        place = (1.0 - _EDGE) * latent
        context = for_each(features, tf.shape(latent)[1])
        for masked, body in reversed(list(zip(self.masked, self.bodies, strict=True))):
            dim = self.space.dim - abs(masked)
            sizes = [dim, abs(masked)] if masked < 0 else [abs(masked), dim]
            parts = tf.split(place, sizes, axis=-1)
            moved = 0 if masked < 0 else 1
            raw = body(tf.concat([parts[1 - moved], context], axis=-1))
            parts[moved] = _forward(parts[moved], *_knots(raw, dim))
            place = tf.concat(parts, axis=-1)
        return self.space.denormalise(place)

    def _bijector(self, features: tf.Tensor, count: int) -> Any:
        context = for_each(features, count)
        return tfb.Chain(
            [
                tfb.RealNVP(num_masked=masked, bijector_fn=_spline_of(body, context))
                for masked, body in zip(self.masked, self.bodies, strict=True)
            ]
        )

    def log_prob(self, observation: Mapping[str, tf.Tensor], actions: tf.Tensor) -> tf.Tensor:
        """Log density `[B, N]` of actions `[B, N, A]`, with respect to actions in half-ranges."""
        place = tf.clip_by_value(self.space.normalise(actions), _EDGE - 1.0, 1.0 - _EDGE)
        bijector = self._bijector(self.encode(observation), actions.shape[1])
        change = bijector.inverse_log_det_jacobian(place, event_ndims=1)
        return change - self.space.dim * tf.math.log(2.0)

    def sample_and_log_prob(
        self, observation: Mapping[str, tf.Tensor], num_samples: int, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Draw actions `[B, N, A]` with their log densities `[B, N]`; both are differentiable.

        The densities are with respect to actions in half-ranges.
        """
        batch = tf.shape(next(iter(observation.values())))[0]
        base = tf.random.stateless_uniform(
            [batch, num_samples, self.space.dim], seed, _EDGE - 1.0, 1.0 - _EDGE
        )
        bijector = self._bijector(self.encode(observation), num_samples)
        place = bijector.forward(base)
        log_prob = -bijector.forward_log_det_jacobian(base, event_ndims=1)
        return self.space.denormalise(place), log_prob - self.space.dim * tf.math.log(2.0)


def _knots(raw: tf.Tensor, depth: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Widths and heights `[B, N, depth, bins]` of spline bins, and the slopes at inner knots."""
    raw = tf.stack(tf.split(raw, depth, axis=-1), axis=2)
    widths, heights, slopes = tf.split(raw, [_BINS, _BINS, _BINS - 1], axis=-1)
    room = 2.0 - _BINS * _LEAST_BIN
    return (
        tf.nn.softmax(widths) * room + _LEAST_BIN,
        tf.nn.softmax(heights) * room + _LEAST_BIN,
        tf.nn.softplus(slopes + 0.54) + _LEAST_SLOPE,
    )


def _spline_of(body: Any, context: tf.Tensor) -> Any:
    def spline(passed: tf.Tensor, depth: int) -> Any:
        return tfb.RationalQuadraticSpline(
            *_knots(body(tf.concat([passed, context], axis=-1)), depth), range_min=-1.0
        )

    return spline


def _forward(x: tf.Tensor, widths: tf.Tensor, heights: tf.Tensor, slopes: tf.Tensor) -> tf.Tensor:
    """`tfb.RationalQuadraticSpline.forward` of x `[B, N, D]`, with operations that ONNX has."""
    left = tf.cumsum(widths, axis=-1, exclusive=True) - 1.0
    low = tf.cumsum(heights, axis=-1, exclusive=True) - 1.0
    ends = tf.ones_like(slopes[..., :1])
    slopes = tf.concat([ends, slopes, ends], axis=-1)
    reached = tf.cast(x[..., None] >= left[..., 1:], tf.float32)
    none = tf.zeros_like(ends)
    chosen = tf.concat([none + 1.0, reached], -1) - tf.concat([reached, none], -1)

    def of_bin(values: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(chosen * values, axis=-1)

    height, width = of_bin(heights), of_bin(widths)
    begin, end, mean = of_bin(slopes[..., :-1]), of_bin(slopes[..., 1:]), height / width
    share = (x - of_bin(left)) / width
    both = share * (1.0 - share)
    rise = height * (mean * share**2 + begin * both) / (mean + (begin + end - 2.0 * mean) * both)
    return of_bin(low) + rise


def build_flow(config: Config, environment: Environment) -> ConditionalFlow:
    """Build a flow with the width and depth of the actor, not yet fitted."""
    return ConditionalFlow(
        environment.action_space,
        environment.observation_spec,
        config.actor.width,
        config.actor.depth,
        config.seed,
    )


def fit_flow(flow: ConditionalFlow, trainer: Trainer) -> None:
    """Fit a flow to the feasible actions of the trainer's memory, by maximum likelihood."""
    config = trainer.config

    def batch(step: int) -> tuple[Any, ...]:
        rng = stream(config.seed, _FLOW_PURPOSE, step)
        drawn = trainer.memory.draw(rng, config.trainer.batch, config.objective.num_supports, 1.0)
        return (
            as_tensors(drawn.observation),
            tf.constant(drawn.actions, tf.float32),
            tf.constant(drawn.feasibility, tf.float32),
        )

    def loss(observation: Any, actions: tf.Tensor, feasible: tf.Tensor) -> tf.Tensor:
        # A state without a feasible action adds nothing to the likelihood.
        log_prob = tf.where(feasible > 0.5, flow.log_prob(observation, actions), 0.0)
        return -tf.reduce_sum(log_prob) / tf.maximum(tf.reduce_sum(feasible), 1.0)

    descend(loss, flow.trainable_variables, batch, config.trainer.steps, FLOW_LEARNING_RATE)
