"""What the generators have in common: a loop of gradient steps, and a sampler."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.config.schedules import Schedule
from fag_tf.networks.base import Critic, as_tensors
from fag_tf.spaces import Observation

__all__ = ["Generator", "GeneratorSampler", "descend", "stream"]

_CLIP_NORM = 5.0
_BETA_2 = 0.99
_PART = 1024

TensorObservation = dict[str, tf.Tensor]


class Generator(Protocol):
    """A conditional generator of actions."""

    def generate(
        self, observation: TensorObservation, num_samples: int, seed: tf.Tensor
    ) -> tf.Tensor:
        """Actions `[B, N, A]` in the units of the action space, for a seed int32 `[2]`."""
        ...


def stream(seed: int, purpose: int, step: int) -> np.random.Generator:
    """A generator of random numbers of its own for each step of each purpose."""
    return np.random.default_rng([seed, purpose, step])


def descend(
    loss: Callable[..., tf.Tensor],
    variables: Sequence[tf.Variable],
    batch: Callable[[int], Sequence[Any]],
    steps: int,
    learning_rate: Schedule,
    beta_1: float = 0.9,
) -> None:
    """Minimise a loss by Adam; a step whose gradient is no number is left out.

    Args:
        loss: a scalar, of what `batch` gives.
        variables: what is moved.
        batch: the arguments of `loss` for the n-th step, structures of tensors.
        steps: number of steps.
        learning_rate: over training.
        beta_1: decay of Adam's first moment; 0 for adversaries.
    """
    optimizer = keras.optimizers.Adam(1e-3, beta_1, _BETA_2)
    optimizer.build(variables)

    @tf.function(autograph=False)
    def update(rate: tf.Tensor, *arguments: Any) -> None:
        with tf.GradientTape() as tape:
            value = loss(*arguments)
        gradients = tape.gradient(value, variables)
        clipped, norm = tf.clip_by_global_norm(gradients, _CLIP_NORM)
        usable = tf.math.is_finite(norm)
        optimizer.learning_rate.assign(rate)
        optimizer.apply([tf.where(usable, g, 0.0) for g in clipped], variables)

    for step in range(steps):
        rate = tf.constant(learning_rate(step / steps), tf.float32)
        update(rate, *batch(step))


class GeneratorSampler:
    """A generator behind the interface of `fag_tf.environments.base.SampleFn`.

    Args:
        generator: gives the actions.
        critic: says what it thinks of them.
    """

    def __init__(self, generator: Generator, critic: Critic) -> None:
        self.generator = generator
        self.critic = critic
        self._run = tf.function(self._part, autograph=False)

    def _part(self, observation: TensorObservation, seed: tf.Tensor) -> Any:
        actions = self.generator.generate(observation, _PART, seed)
        return actions, tf.sigmoid(self.critic(observation, actions))

    def __call__(
        self, observation: Observation, num_samples: int, seed: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Actions `[B, K, A]` and the critic's probability that each is feasible `[B, K]`."""
        seen = as_tensors(observation)
        parts = [
            self._run(seen, tf.constant([seed % 2**31, part], tf.int32))
            for part in range(-(-num_samples // _PART))
        ]
        actions, feasibility = (
            np.concatenate([each.numpy() for each in pieces], axis=1)[:, :num_samples]
            for pieces in zip(*parts, strict=True)
        )
        return actions, feasibility
