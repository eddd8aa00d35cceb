"""The policy: actor and critic as one function of tensors, for evaluation, export and serving.

The feasible set often has several modes. The actor is continuous, so some of its samples lie in the
gaps between modes. The samples are denser in some modes than in others, and small modes may get no
sample. The policy therefore chooses each sample among several candidates. The candidates are
actions of the actor for several latents and evenly spread initial actions. A candidate is chosen
with a probability proportional to C^gamma over the density of the candidates. An actor with an
exact density gives that density itself.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.config.networks import PolicyConfig
from fag_tf.errors import InputError
from fag_tf.latents import draw_latent
from fag_tf.networks.base import Actor, Critic, Drawn, as_tensors, weights_of
from fag_tf.networks.resampling import chosen_place, resampled, stopped_action, take
from fag_tf.spaces import (
    ACTION_OUTPUT,
    FEASIBILITY_OUTPUT,
    LATENT_INPUT,
    LOG_DENSITY_OUTPUT,
    Observation,
)

__all__ = ["Policy"]

# Samples that one compiled call draws, which bounds the memory it needs.
_PART = 1024

# Probabilities below e^-20 count as equal. Among such actions, the choice would otherwise follow
# the rounding of logits of some thousands, which is another one in each runtime.
_LEAST_LOG_PROBABILITY = -20.0


class Policy(tf.Module):
    """A trained actor and critic that choose each sample among several candidates.

    Args:
        actor: gives the actions.
        critic: gives the probability that an action is feasible.
        num_candidates: number of candidates for each sample that are actions of an implicit actor.
        num_initial_candidates: number of candidates for each sample that are initial actions. An
            actor that does not refine its actions has none.
        sharpness: gamma. The density of the samples is proportional to the critic's probability
            to the power gamma.
        stop_probability: actor's own probability at which a sample stops on its trajectory.
        num_looks: number of candidates for each sample of an actor with an exact density.
        num_uniform_looks: number of these candidates that are uniform over the action space, less
            than `num_looks`. They find what such an actor misses.

    Attributes:
        latent_dim: Z of the policy: the actor's Z for each candidate, and one more number for the
            choice if there are several candidates.
        stored_weights: trainable weights in order, as `actor_weights` and `critic_weights`. A
            SavedModel stores them under these names for finetuning.
        serving: function for export, from named observations `[B, ...]` and `latent` `[B, N, Z]`
            to `action` `[B, N, A]` and `feasibility` `[B, N]`. For an actor with an exact density
            it also gives `log_density` `[B, N]`: the log of the density of the samples at this
            action, per product of the units of the axes. With one candidate it is exact. With
            several it depends on the other candidates too, and one over the density is unbiased:
            exp(-log_density) has the right mean over all candidates that lead to this action.
        sample: function for export that draws the latents itself from a seed int32 `[2]`.
        mapping: the same without a choice among candidates: each latent `[A]` is an action of its
            own. None for an actor that is not invertible.
    """

    def __init__(
        self,
        actor: Actor,
        critic: Critic,
        num_candidates: int = 1,
        num_initial_candidates: int = 0,
        sharpness: float = 1.0,
        stop_probability: float = 0.5,
        num_looks: int = 1,
        num_uniform_looks: int = 0,
    ) -> None:
        super().__init__(name="policy")
        self.actor = actor
        self.critic = critic
        self.num_candidates = num_looks if actor.exact_density else num_candidates
        self.num_initial_candidates = num_initial_candidates if actor.refines else 0
        self.num_uniform = num_uniform_looks if actor.exact_density else 0
        self.sharpness = sharpness
        self.stop_probability = stop_probability
        self.all_candidates = self.num_candidates + self.num_initial_candidates
        self.latent_dim = actor.latent_dim * self.all_candidates + (self.all_candidates > 1)
        self.stored_weights = {
            "actor_weights": weights_of(actor),
            "critic_weights": weights_of(critic),
        }
        self.serving = tf.function(self._unfused, autograph=False)
        self.sample = tf.function(self._sample, autograph=False)
        self.mapping: Policy | None = self if actor.invertible else None
        if actor.invertible and self.all_candidates > 1:
            self.mapping = Policy(actor, critic)
        self._compiled = tf.function(self._serving, jit_compile=actor.compilable, autograph=False)

    @classmethod
    def configured(cls, actor: Actor, critic: Critic, choice: PolicyConfig) -> "Policy":
        """Make a policy with the options of a configuration."""
        looks = choice.num_looks or actor.default_looks
        return cls(
            actor,
            critic,
            choice.num_candidates,
            choice.num_initial_candidates,
            choice.look_sharpness if actor.uniform_looks else choice.sharpness,
            choice.stop_probability,
            looks,
            int(choice.uniform_look_share * looks) if actor.uniform_looks else 0,
        )

    def _unfused(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """`_serving`, traced for runtimes without operation fusion; see `Actor.fused`."""
        self.actor.fused = self.critic.fused = False
        try:
            return self._serving(**inputs)
        finally:
            self.actor.fused = self.critic.fused = True

    def _serving(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Map observations and `latent` to the outputs by name; see `serving`."""
        observation = {name: tensor for name, tensor in inputs.items() if name != LATENT_INPUT}
        latent = inputs[LATENT_INPUT]
        features = self.actor.encode(observation)
        if self.actor.exact_density:
            return self._chosen_by_density(observation, features, latent)
        offered = self._offered(features, latent)
        of_each = tf.shape(offered)[:-1]
        flat = tf.reshape(offered, [of_each[0], -1, offered.shape[-1]])
        logits = self.critic(observation, flat)
        if self.all_candidates == 1:
            return {ACTION_OUTPUT: flat, FEASIBILITY_OUTPUT: tf.sigmoid(logits)}
        log_weight = self.sharpness * tf.math.log_sigmoid(logits)
        log_weight -= self._relative_log_density(features, flat)
        chosen = resampled(tf.reshape(log_weight, of_each), 0.5 * (latent[..., -1] + 1.0))
        feasibility = tf.reduce_sum(chosen * tf.reshape(tf.sigmoid(logits), of_each), axis=-1)
        return {ACTION_OUTPUT: take(chosen, offered), FEASIBILITY_OUTPUT: feasibility}

    def _chosen_by_density(
        self, observation: Mapping[str, tf.Tensor], features: Any, latent: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """`_serving` for an actor with an exact density."""
        number, dim = self.num_candidates, self.actor.latent_dim
        batch, count = tf.shape(latent)[0], tf.shape(latent)[1]
        latents = tf.reshape(latent[..., : number * dim], [batch, count, number, dim])
        drawn = self._drawn(features, latents)
        logits = self.critic.logits_of(observation, drawn)
        log_density = drawn.log_density
        if number == 1:
            return {
                ACTION_OUTPUT: drawn.actions,
                FEASIBILITY_OUTPUT: tf.sigmoid(logits),
                LOG_DENSITY_OUTPUT: log_density,
            }
        log_probability = tf.maximum(tf.math.log_sigmoid(logits), _LEAST_LOG_PROBABILITY)
        log_weight = self.sharpness * log_probability - log_density
        # One row of numbers for each candidate, so that one look-up takes those of the choice.
        columns = [tf.reshape(values, [-1, 1]) for values in (logits, log_density)]
        rows = tf.concat([tf.reshape(drawn.actions, [-1, drawn.actions.shape[-1]]), *columns], 1)
        offered = tf.reshape(log_weight, [-1, number])
        place, log_share = chosen_place(offered, tf.reshape(0.5 * (latent[..., -1] + 1.0), [-1]))
        chosen = tf.gather(rows, tf.range(tf.size(place)) * number + place)
        chosen = tf.reshape(chosen, [batch, count, rows.shape[-1]])
        # The mean of exp(-log density) over the choice is one over the density of the choice.
        log_share = tf.reshape(log_share + math.log(number), [batch, count])
        return {
            ACTION_OUTPUT: chosen[..., :-2],
            FEASIBILITY_OUTPUT: tf.sigmoid(chosen[..., -2]),
            LOG_DENSITY_OUTPUT: chosen[..., -1] + log_share,
        }

    def _drawn(self, features: Any, latents: tf.Tensor) -> Drawn:
        """The candidates of latents `[B, N, C, Z]`, one after another, with their log density.

        Where some are uniform, the density is that of the mixture of actor and uniform
        distribution, from which the candidates of a sample are drawn in fixed shares.
        """
        batch, count, number, dim = tf.unstack(tf.shape(latents))
        own = self.num_candidates - self.num_uniform
        if not self.num_uniform:
            return self.actor.draw(features, tf.reshape(latents, [batch, count * number, dim]))
        space = self.actor.space
        drawn = self.actor.draw(features, tf.reshape(latents[:, :, :own], [batch, -1, dim]))
        even = tf.reshape(latents[:, :, own:, : space.dim], [batch, -1, space.dim])
        even = tf.cast(space.denormalise(even), tf.float32)
        even = tf.clip_by_value(even, *space.float32_bounds())

        def side_by_side(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
            shape = tf.shape(one)[2:]
            pair = [
                tf.reshape(values, tf.concat([[batch, count, of_each], shape], 0))
                for values, of_each in ((one, own), (other, self.num_uniform))
            ]
            return tf.reshape(tf.concat(pair, axis=2), tf.concat([[batch, -1], shape], 0))

        log_density = side_by_side(drawn.log_density, self.actor.log_density(features, even))
        log_even = math.log(self.num_uniform / self.num_candidates) - math.log(space.volume)
        log_own = log_density + math.log(own / self.num_candidates)
        mixed = tf.reduce_logsumexp(tf.stack([log_own, tf.fill(tf.shape(log_own), log_even)]), 0)
        return Drawn(side_by_side(drawn.actions, even), mixed)

    def _relative_log_density(self, features: Any, actions: tf.Tensor) -> tf.Tensor:
        """Log density `[B, E]` of the candidates over that of the initial actions."""
        ratio = tf.exp(self.actor.log_density_ratio(features, actions))
        return tf.math.log(self.num_candidates * ratio + self.num_initial_candidates)

    def _offered(self, features: Any, latent: tf.Tensor) -> tf.Tensor:
        """Candidates `[B, N, C, A]` of N samples: actions of the actor, then initial actions."""
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
        """`action` and `feasibility` for latents that are drawn from `seed`, int32 `[2]`."""
        batch = tf.shape(next(iter(observation.values())))[0]
        latent = tf.random.stateless_uniform(
            [batch, num_samples, self.latent_dim], seed, minval=-1.0, maxval=1.0, alg="philox"
        )
        # A function of its own, so that a SavedModel holds the network once.
        outputs: dict[str, tf.Tensor] = self.serving(**observation, **{LATENT_INPUT: latent})
        return outputs

    def __call__(
        self, observation: Observation, num_samples: int, seed: int
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Draw samples for observations given as arrays.

        Args:
            observation: named arrays `[B, ...]`.
            num_samples: N, number of samples per state.
            seed: seed of the latents; see `fag_tf.latents.draw_latent`.

        Returns:
            Actions `[B, N, A]` and the critic's probability that each is feasible `[B, N]`.
        """
        batch = len(next(iter(observation.values())))
        latent = draw_latent(seed, batch, num_samples, self.latent_dim)
        state = as_tensors(observation)
        parts = [self._run(state, part) for part in _parts(latent)]
        actions, feasibility = (
            np.concatenate(pieces, axis=1) for pieces in zip(*parts, strict=True)
        )
        return actions, feasibility

    def map_latent(
        self, observation: Observation, latent: NDArray[Any]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """The actions of given latents, without a choice among candidates.

        Latents that are uniform on [-1, 1]^A become samples of the actor. Each axis of an action
        increases with its own latent, if the latents of the earlier axes stay as they are.

        Args:
            observation: named arrays `[B, ...]`.
            latent: latents `[B, N, A]` within -1 and 1.

        Returns:
            Actions `[B, N, A]`, the critic's probability that each is feasible `[B, N]`, and the
            log of the actor's density there `[B, N]`, per product of the units of the axes.

        Raises:
            InputError: the actor is not invertible.
        """
        compiled = self._invertible()._compiled
        latents = tf.constant(latent, tf.float32)
        outputs = compiled(**as_tensors(observation), **{LATENT_INPUT: latents})
        names = (ACTION_OUTPUT, FEASIBILITY_OUTPUT, LOG_DENSITY_OUTPUT)
        actions, feasibility, log_density = (outputs[name].numpy() for name in names)
        return actions, feasibility, log_density

    def latent_of(self, observation: Observation, actions: NDArray[Any]) -> NDArray[np.float32]:
        """The latents that lead to given actions: the inverse of `map_latent`.

        Args:
            observation: named arrays `[B, ...]`.
            actions: actions `[B, N, A]` of the action space.

        Returns:
            Latents `[B, N, A]`, within -1 and 1.

        Raises:
            InputError: the actor is not invertible.
        """
        actor = self._invertible().actor
        features = actor.encode(as_tensors(observation))
        latent: NDArray[np.float32] = actor.latent_of(
            features, tf.constant(actions, tf.float32)
        ).numpy()
        return latent

    def _invertible(self) -> "Policy":
        if self.mapping is None:
            raise InputError(
                f"{type(self.actor).__name__} is implicit or scans, so no latent belongs to an "
                "action; an autoregressive actor has one (actor.kind)"
            )
        return self.mapping

    def _run(
        self, state: Mapping[str, tf.Tensor], latent: NDArray[np.float32]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        outputs = self._compiled(**state, **{LATENT_INPUT: tf.constant(latent)})
        return outputs[ACTION_OUTPUT].numpy(), outputs[FEASIBILITY_OUTPUT].numpy()


def _parts(latent: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [latent[:, start : start + _PART] for start in range(0, latent.shape[1], _PART)]
