"""Actor and critic as one function of tensors: what is evaluated, exported and served.

The feasible set often falls into pieces, and a continuous actor's samples must bridge the gaps
between them. So each sample is chosen from several proposals of the actor, one from each part of
its own latent, each taken as far as the actor itself thinks it must go: the first that the critic
is confident of or, if there is none, the likeliest.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.cards import ACTION_OUTPUT, FEASIBILITY_OUTPUT, LATENT_INPUT
from fag_tf.choice import end_of_path, first_confident, take
from fag_tf.environment import Observation
from fag_tf.networks import Actor, Critic
from fag_tf.sampler import draw_latent

__all__ = ["Policy", "weights_of"]

# Samples that one compiled call draws; the memory it takes grows with them and the proposals.
_PART = 1024


class Policy(tf.Module):
    """A trained actor with the critic that judges its actions.

    Args:
        actor: gives the actions.
        critic: gives the probability that each is feasible.
        proposals: actions that each sample is chosen from.
        confidence: the probability from which the critic is confident of one.
        stop: the actor's own probability from which a sample goes no farther on its way.

    Attributes:
        latent_dim: Z of the policy, the actor's times `proposals`.
        actor_weights: the actor's, in order: where `finetuning` finds them in a SavedModel.
        critic_weights: the critic's.
    """

    def __init__(
        self,
        actor: Actor,
        critic: Critic,
        proposals: int = 1,
        confidence: float = 0.5,
        stop: float = 0.5,
    ) -> None:
        super().__init__(name="policy")
        self.actor = actor
        self.critic = critic
        self.proposals = proposals
        self.confidence = confidence
        self.stop = stop
        self.latent_dim = actor.latent_dim * proposals
        self.actor_weights, self.critic_weights = weights_of(actor), weights_of(critic)
        self.serving = tf.function(self._serving, autograph=False)
        self.sample = tf.function(self._sample, autograph=False)
        self._compiled = tf.function(self._serving, jit_compile=True, autograph=False)

    def _serving(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Observations and `latent` `[B, N, Z]` to `action` `[B, N, A]`, `feasibility` `[B, N]`."""
        observation = {name: tensor for name, tensor in inputs.items() if name != LATENT_INPUT}
        latent = inputs[LATENT_INPUT]
        batch, count = tf.shape(latent)[0], tf.shape(latent)[1]
        parts = tf.reshape(latent, [batch, count * self.proposals, self.actor.latent_dim])
        path, stops = self.actor.path(self.actor.encode(observation), parts)
        proposed = end_of_path(path, stops, self.stop)
        of_each = [batch, count, self.proposals]
        feasibility = tf.reshape(tf.sigmoid(self.critic(observation, proposed)), of_each)
        likeliest = tf.one_hot(tf.argmax(feasibility, axis=-1), self.proposals)
        chosen = first_confident(feasibility, self.confidence, likeliest)
        action = take(chosen, tf.reshape(proposed, [*of_each, proposed.shape[-1]]))
        feasibility = tf.reduce_sum(chosen * feasibility, axis=2)
        return {ACTION_OUTPUT: action, FEASIBILITY_OUTPUT: feasibility}

    def _sample(
        self, num_samples: tf.Tensor, seed: tf.Tensor, **observation: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """The same with latents drawn from `seed` int32 `[2]`."""
        batch = tf.shape(next(iter(observation.values())))[0]
        latent = tf.random.stateless_uniform(
            [batch, num_samples, self.latent_dim], seed, minval=-1.0, maxval=1.0, alg="philox"
        )
        return self._serving(**observation, **{LATENT_INPUT: latent})

    def __call__(
        self, observation: Observation, num_samples: int, seed: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Actions and feasibility for arrays, with the latents that every runtime draws."""
        batch = len(next(iter(observation.values())))
        latent = draw_latent(seed, batch, num_samples, self.latent_dim)
        state = {name: tf.constant(np.asarray(array)) for name, array in observation.items()}
        parts = [self._run(state, part) for part in _parts(latent)]
        actions, feasibility = (
            np.concatenate(pieces, axis=1) for pieces in zip(*parts, strict=True)
        )
        return actions, feasibility

    def _run(
        self, state: Mapping[str, tf.Tensor], latent: NDArray[np.float32]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        outputs = self._compiled(**state, **{LATENT_INPUT: tf.constant(latent)})
        return outputs[ACTION_OUTPUT].numpy(), outputs[FEASIBILITY_OUTPUT].numpy()


def weights_of(network: Actor | Critic) -> list[tf.Variable]:
    """Its trainable weights in order. A network has them once it has been called."""
    return [variable.value for variable in network.trainable_variables]


def _parts(latent: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [latent[:, start : start + _PART] for start in range(0, latent.shape[1], _PART)]
