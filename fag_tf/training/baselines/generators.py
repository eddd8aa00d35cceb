"""Common parts of the generators: a loop of gradient steps and a sampler."""

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
        """Generate actions `[B, N, A]` in the units of the action space, for a seed int32 `[2]`."""
        ...


def stream(seed: int, purpose: int, step: int) -> np.random.Generator:
    """The random generator of one step of one purpose."""
    return np.random.default_rng([seed, purpose, step])


def descend(
    loss: Callable[..., tf.Tensor],
    variables: Sequence[tf.Variable],
    batch: Callable[[int], Sequence[Any]],
    steps: int,
    learning_rate: Schedule,
    beta_1: float = 0.9,
) -> None:
    """Minimise a loss with Adam. A gradient that is not finite is replaced by 0.

    Args:
        loss: function from the arguments of `batch` to a scalar.
        variables: variables to train.
        batch: function from a step number to the arguments of `loss`, structures of tensors.
        steps: number of steps.
        learning_rate: learning rate over training.
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
        critic: gives the probability that an action is feasible.
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
