"""Actor and critic as one function of tensors: what is evaluated, exported and served."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.cards import ACTION_OUTPUT, FEASIBILITY_OUTPUT, LATENT_INPUT
from fag_tf.environment import Observation
from fag_tf.networks import Actor, Critic
from fag_tf.sampler import draw_latent

__all__ = ["Policy"]


class Policy(tf.Module):
    """A trained actor with the critic that judges its actions.

    Args:
        actor: gives the actions.
        critic: gives the probability that each is feasible.
    """

    def __init__(self, actor: Actor, critic: Critic) -> None:
        super().__init__(name="policy")
        self.actor = actor
        self.critic = critic
        self.serving = tf.function(self._serving, autograph=False)
        self.sample = tf.function(self._sample, autograph=False)
        self._compiled = tf.function(self._serving, jit_compile=True, autograph=False)

    def _serving(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Observations and `latent` `[B, N, Z]` to `action` `[B, N, A]`, `feasibility` `[B, N]`."""
        observation = {name: tensor for name, tensor in inputs.items() if name != LATENT_INPUT}
        action = self.actor(observation, inputs[LATENT_INPUT])
        feasibility = tf.sigmoid(self.critic(observation, action))
        return {ACTION_OUTPUT: action, FEASIBILITY_OUTPUT: feasibility}

    def _sample(
        self, num_samples: tf.Tensor, seed: tf.Tensor, **observation: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """The same with latents drawn from `seed` int32 `[2]`."""
        batch = tf.shape(next(iter(observation.values())))[0]
        latent = tf.random.stateless_uniform(
            [batch, num_samples, self.actor.latent_dim], seed, minval=-1.0, maxval=1.0, alg="philox"
        )
        return self._serving(**observation, **{LATENT_INPUT: latent})

    def __call__(
        self, observation: Observation, num_samples: int, seed: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Actions and feasibility for arrays, with the latents that every runtime draws."""
        batch = len(next(iter(observation.values())))
        latent = draw_latent(seed, batch, num_samples, self.actor.latent_dim)
        outputs = self._compiled(**_tensors(observation), **{LATENT_INPUT: tf.constant(latent)})
        return outputs[ACTION_OUTPUT].numpy(), outputs[FEASIBILITY_OUTPUT].numpy()


def _tensors(observation: Mapping[str, NDArray[Any]]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(np.asarray(array)) for name, array in observation.items()}
