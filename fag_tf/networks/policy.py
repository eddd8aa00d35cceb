"""Actor and critic as one function of tensors: what is evaluated, exported and served.

The feasible set often falls into pieces, and a continuous actor's samples must bridge the gaps
between them, come to lie denser in some pieces than in others, and leave small ones out. So each
sample is chosen among several candidates: the actor's own for several latents, and points from
which others would set out, which are spread evenly. The likelier the critic holds one feasible, and
the sparser candidates are where it lies, the more often it is taken.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.config.networks import PolicyConfig
from fag_tf.latents import draw_latent
from fag_tf.networks.base import Actor, Critic, as_tensors, weights_of
from fag_tf.networks.resampling import resampled, stopped_action, take
from fag_tf.spaces import ACTION_OUTPUT, FEASIBILITY_OUTPUT, LATENT_INPUT, Observation

__all__ = ["Policy"]

# Samples that one compiled call draws; the memory it takes grows with them and the candidates.
_PART = 1024


class Policy(tf.Module):
    """A trained actor with the critic that judges its actions.

    Args:
        actor: gives the actions.
        critic: gives the probability that each is feasible.
        num_candidates: actions of the actor for each sample.
        num_initial_candidates: initial actions beside them, of an actor that refines its actions.
        sharpness: gamma; samples are to have a density in proportion to the critic's probability
            to this power.
        stop_probability: the actor's own probability from which a sample goes no farther.

    Attributes:
        latent_dim: Z of the policy: the actor's for every candidate and, if there are several,
            one to choose by.
        actor_weights: the actor's, in order: where `finetuning` finds them in a SavedModel.
        critic_weights: the critic's.
    """

    def __init__(
        self,
        actor: Actor,
        critic: Critic,
        num_candidates: int = 1,
        num_initial_candidates: int = 0,
        sharpness: float = 1.0,
        stop_probability: float = 0.5,
    ) -> None:
        super().__init__(name="policy")
        self.actor = actor
        self.critic = critic
        self.num_candidates = num_candidates
        self.num_initial_candidates = num_initial_candidates if actor.refines else 0
        self.sharpness = sharpness
        self.stop_probability = stop_probability
        self.all_candidates = self.num_candidates + self.num_initial_candidates
        self.latent_dim = actor.latent_dim * self.all_candidates + (self.all_candidates > 1)
        self.actor_weights, self.critic_weights = weights_of(actor), weights_of(critic)
        self.serving = tf.function(self._unfused, autograph=False)
        self.sample = tf.function(self._sample, autograph=False)
        self._compiled = tf.function(self._serving, jit_compile=True, autograph=False)

    @classmethod
    def configured(cls, actor: Actor, critic: Critic, choice: PolicyConfig) -> "Policy":
        """With the options of a configuration."""
        return cls(
            actor,
            critic,
            choice.num_candidates,
            choice.num_initial_candidates,
            choice.sharpness,
            choice.stop_probability,
        )

    def _unfused(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """The same traced for what runs operation by operation; see `Actor.fused`."""
        self.actor.fused = self.critic.fused = False
        try:
            return self._serving(**inputs)
        finally:
            self.actor.fused = self.critic.fused = True

    def _serving(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Observations and `latent` `[B, N, Z]` to `action` `[B, N, A]`, `feasibility` `[B, N]`."""
        observation = {name: tensor for name, tensor in inputs.items() if name != LATENT_INPUT}
        latent = inputs[LATENT_INPUT]
        features = self.actor.encode(observation)
        offered = self._offered(features, latent)
        flat = tf.reshape(offered, [tf.shape(offered)[0], -1, offered.shape[-1]])
        logits = self.critic(observation, flat)
        if self.all_candidates == 1:
            return {ACTION_OUTPUT: flat, FEASIBILITY_OUTPUT: tf.sigmoid(logits)}
        # How dense candidates lie there, as a multiple of how dense beginnings alone would.
        log_ratio = self.actor.log_density_ratio(features, flat)
        log_density = tf.math.log(
            self.num_candidates * tf.exp(log_ratio) + self.num_initial_candidates
        )
        log_weight = self.sharpness * tf.math.log_sigmoid(logits) - log_density
        of_each = tf.shape(offered)[:-1]
        share = 0.5 * (latent[..., -1] + 1.0)
        chosen = resampled(tf.reshape(log_weight, of_each), share)
        feasibility = tf.reduce_sum(chosen * tf.reshape(tf.sigmoid(logits), of_each), axis=-1)
        return {ACTION_OUTPUT: take(chosen, offered), FEASIBILITY_OUTPUT: feasibility}

    def _offered(self, features: Any, latent: tf.Tensor) -> tf.Tensor:
        """Candidates `[B, N, C, A]` for N samples of each state: ends of ways, then beginnings."""
        batch, count = tf.shape(latent)[0], tf.shape(latent)[1]
        of_each, dim = self.all_candidates, self.actor.latent_dim
        parts = tf.reshape(latent[..., : of_each * dim], [batch, count, of_each, dim])

        def flat(latents: tf.Tensor, number: int) -> tf.Tensor:
            return tf.reshape(latents, [batch, count * number, dim])

        path, stops = self.actor.trajectory(
            features, flat(parts[:, :, : self.num_candidates], self.num_candidates)
        )
        offered = [(stopped_action(path, stops, self.stop_probability), self.num_candidates)]
        if self.num_initial_candidates:
            begun = self.actor.initial_actions(
                features, flat(parts[:, :, self.num_candidates :], self.num_initial_candidates)
            )
            offered.append((begun, self.num_initial_candidates))
        return tf.concat(
            [
                tf.reshape(actions, [batch, count, number, actions.shape[-1]])
                for actions, number in offered
            ],
            axis=2,
        )

    def _sample(
        self, num_samples: tf.Tensor, seed: tf.Tensor, **observation: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """The same with latents drawn from `seed` int32 `[2]`."""
        batch = tf.shape(next(iter(observation.values())))[0]
        latent = tf.random.stateless_uniform(
            [batch, num_samples, self.latent_dim], seed, minval=-1.0, maxval=1.0, alg="philox"
        )
        return self._unfused(**observation, **{LATENT_INPUT: latent})

    def __call__(
        self, observation: Observation, num_samples: int, seed: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Actions and feasibility for arrays, with the latents that every runtime draws."""
        batch = len(next(iter(observation.values())))
        latent = draw_latent(seed, batch, num_samples, self.latent_dim)
        state = as_tensors(observation)
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


def _parts(latent: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [latent[:, start : start + _PART] for start in range(0, latent.shape[1], _PART)]
