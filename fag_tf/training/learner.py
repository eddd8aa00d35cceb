"""The learning steps: cross-entropy for the critic, the f-divergence for the actor."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from fag_tf.config.schema import Config
from fag_tf.networks.base import Actor, Critic, as_tensors
from fag_tf.objectives.f_divergence import FDivergenceObjective, Proposal
from fag_tf.training.actor_density import actor_log_density, exact_distribution
from fag_tf.training.optimizers import muon
from fag_tf.training.refinement_loss import refine
from fag_tf.training.replay_memory import ExperienceBatch
from fag_tf.training.step_values import Drawn, StepSettings
from fag_tf.training.weight_averaging import RunningAverage

__all__ = ["Learner", "Networks"]

TensorObservation = Mapping[str, tf.Tensor]


class Networks(NamedTuple):
    """The networks that learn, and the networks with the running averages of their weights.

    Attributes:
        actor: the actor that learns.
        critic: the critic that learns.
        averaged_actor: network with the running average of the actor's weights.
        averaged_critic: network with the running average of the critic's weights.
    """

    actor: Actor
    critic: Critic
    averaged_actor: Actor
    averaged_critic: Critic


class Learner(tf.Module):
    """Actor, critic, their running averages and optimisers, and the compiled learning steps.

    `actor` and `critic` learn. `averaged_critic` gives the probabilities of samples, in training
    and after it. `averaged_actor` is evaluated and exported.

    Args:
        config: configuration of the run.
        objective: the divergence and its gradient estimate.
        networks: networks that already have their weights, after a first call. See
            `fag_tf.training.build`.
    """

    def __init__(self, config: Config, objective: FDivergenceObjective, networks: Networks) -> None:
        super().__init__(name="learner")
        self.config = config
        self.objective = objective
        self.actor, self.critic, self.averaged_actor, self.averaged_critic = networks
        self.actor_optimizer = muon(config.actor.clip_norm)
        self.actor_optimizer.build(self.actor.trainable_variables)
        self.critic_optimizer = muon(config.critic.clip_norm, config.critic.weight_decay)
        self.critic_optimizer.build(self.critic.trainable_variables)
        self.actor_average = RunningAverage(self.actor, self.averaged_actor, config.actor.average)
        self.critic_average = RunningAverage(
            self.critic, self.averaged_critic, config.critic.average
        )
        # Repeated parts are compiled separately: an unrolled step takes minutes to compile.
        compiled = partial(tf.function, jit_compile=config.trainer.compile, autograph=False)
        self.update_critic = compiled(self._update_critic)
        self.average_critic = compiled(self.critic_average.update)
        self.logits = compiled(self.averaged_critic)
        self.guidance_logits = compiled(self._guidance_logits)
        if not self.actor.compilable:
            compiled = partial(tf.function, autograph=False)
        exact = self.actor.exact_density
        self.learn_on_belief = compiled(self._learn_density if exact else self._learn_on_belief)
        self.propose = compiled(self._propose)
        self.learn_on_samples = compiled(self._learn_on_samples)
        self.act = compiled(self._act)

    def adapt(self, observation: Mapping[str, Any]) -> None:
        """Give all networks the scale of what is observed in many states, arrays `[B, ...]`."""
        tensors = as_tensors(observation)
        for network in (self.actor, self.critic, self.averaged_actor, self.averaged_critic):
            network.adapt(tensors)

    def learn_critic(self, batch: ExperienceBatch, settings: StepSettings) -> dict[str, tf.Tensor]:
        """Train the critic on one batch, in `critic.updates` gradient steps.

        Args:
            batch: `critic.states` states with `critic.experiences` actions each.
            settings: values of the schedules.

        Returns:
            Figures of the step by name, scalars.
        """
        reports = [
            self.update_critic(part, settings)
            for part in _divided(batch, self.config.critic.updates)
        ]
        self.average_critic()
        return {name: tf.reduce_mean([report[name] for report in reports]) for name in reports[0]}

    def _update_critic(
        self, batch: ExperienceBatch, settings: StepSettings
    ) -> dict[str, tf.Tensor]:
        observation, actions, feasibility, offset = batch
        variables = self.critic.trainable_variables
        with tf.GradientTape() as tape:
            features = self.critic.encode(observation)
            errors = [
                tf.reduce_mean(
                    tf.nn.sigmoid_cross_entropy_with_logits(feasibility, logit + offset[:, None])
                )
                for logit in self.critic.all_logits(features, actions)
            ]
            loss = tf.add_n(errors)
        gradient = tape.gradient(loss, variables)
        rate = settings.critic_learning_rate
        norm = self._descend(self.critic_optimizer, gradient, variables, rate)
        return {"critic_loss": errors[0], "critic_gradient_norm": norm}

    def _act(self, observation: TensorObservation, latent: tf.Tensor) -> tf.Tensor:
        """The actor's actions `[B, N, A]`."""
        return self._supports(self.actor.encode(observation), observation, latent)[0]

    def _supports(
        self, features: Any, observation: TensorObservation, latent: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The actor's samples `[B, N, A]` and its own loss, a scalar; see `refine`.

        A gradient passes through the samples only if they are what gives the actor's density.
        """
        supports, own_loss = refine(
            self.actor,
            lambda actions: self.averaged_critic(observation, actions),
            features,
            latent,
            self.config.actor,
            self.config.policy,
        )
        return tf.stop_gradient(supports) if self.actor.exact_density else supports, own_loss

    def _propose(
        self,
        observation: TensorObservation,
        latent: tf.Tensor,
        bandwidth: tf.Tensor,
        seed: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Samples `[B, M, A]` of the proposal around the actor's samples, and log r `[B, M]`."""
        features = self.actor.encode(observation)
        supports, _ = self._supports(features, observation, latent)
        adapted = self.objective.adapted(supports, bandwidth)
        proposal = self._proposal_around(features, supports, adapted)
        samples = proposal.samples(seed)
        return samples, proposal.log_density(samples)

    def _proposal_around(
        self, features: Any, supports: tf.Tensor, bandwidth: tf.Tensor
    ) -> Proposal:
        settings = self.config.objective
        wider = bandwidth * settings.proposal_ratio
        initial = self.actor.initial_distribution(features)
        own = exact_distribution(self.actor, features, self.objective.space, tf.shape(supports)[0])
        return self.objective.proposal(supports, wider, settings.num_samples, initial, own)

    def learn_on_critic(
        self,
        batch: ExperienceBatch,
        latent: tf.Tensor,
        seed: tf.Tensor,
        settings: StepSettings,
    ) -> dict[str, tf.Tensor]:
        """Train the critic on a batch, then the actor on the critic's guidance logits.

        Args:
            batch: experience for the critic. The actor learns in its first `trainer.batch` states.
            latent: latents of the actor's samples `[B, N, Z]`.
            seed: int32 `[2]`, for the samples of the proposal.
            settings: values of the schedules.

        Returns:
            Figures of the step by name, scalars.
        """
        report = self.learn_critic(batch, settings)
        states = self.config.trainer.batch
        observation = {name: tensor[:states] for name, tensor in batch.observation.items()}
        return report | self.learn_on_belief(observation, latent, seed, settings)

    def _learn_on_belief(
        self,
        observation: TensorObservation,
        latent: tf.Tensor,
        seed: tf.Tensor,
        settings: StepSettings,
    ) -> dict[str, tf.Tensor]:
        """Train the actor on the guidance logits of the averaged critic."""
        with tf.GradientTape() as tape:
            at = self._drawn(observation, latent, settings, seed)
            sigma = at.settings.bandwidth
            seen = self.averaged_critic.encode(observation)
            log_feasibility = tf.math.log_sigmoid(
                self.averaged_critic.guidance_logits(seen, at.samples)
            )
            loss, parts = self._actor_loss(at, log_feasibility)
            bounded = self.objective.with_bounded_gradient(at.supports, sigma)
            believed = tf.math.log_sigmoid(self.averaged_critic.guidance_logits(seen, bounded))
            loss -= settings.critic_gradient * tf.reduce_mean(believed)
            loss += at.own_loss
        parts["own_loss"] = at.own_loss
        parts["believed"] = tf.reduce_mean(tf.exp(believed))
        return parts | self._update_actor(tape, loss, settings)

    def _guidance_logits(self, observation: TensorObservation, actions: tf.Tensor) -> tf.Tensor:
        return self.averaged_critic.guidance_logits(
            self.averaged_critic.encode(observation), actions
        )

    def _learn_density(
        self,
        observation: TensorObservation,
        latent: tf.Tensor,
        seed: tf.Tensor,
        settings: StepSettings,
    ) -> dict[str, tf.Tensor]:
        """`_learn_on_belief` for an actor with an exact density, which no gradient reaches else."""
        with tf.GradientTape() as tape:
            at = self._drawn(observation, latent, settings, seed)
            logits = self.guidance_logits(observation, at.samples)
            log_target = self.config.actor.density_sharpness * tf.math.log_sigmoid(logits)
            # An actor with an exact density has no loss of its own beside its imitation.
            loss, parts = self._actor_loss(at, log_target)
            imitation = self.actor.imitation_loss(at.features, at.samples, tf.sigmoid(logits))
            loss += self.config.objective.imitation * imitation
        parts["imitation_loss"] = imitation
        # A mean over the actor's own samples, from the critic's answers that are there anyway.
        weights = tf.nn.softmax(at.log_density - at.log_proposal, axis=-1)
        own = tf.reduce_sum(weights * tf.sigmoid(logits), axis=-1)
        parts["believed"] = tf.reduce_mean(own)
        return parts | self._update_actor(tape, loss, settings)

    def _learn_on_samples(
        self,
        observation: TensorObservation,
        latent: tf.Tensor,
        samples: tf.Tensor,
        log_proposal: tf.Tensor,
        feasibility: tf.Tensor,
        settings: StepSettings,
    ) -> dict[str, tf.Tensor]:
        """Train the actor on the environment's labels `[B, M]` of given samples `[B, M, A]`."""
        with tf.GradientTape() as tape:
            at = self._drawn(observation, latent, settings, None, (samples, log_proposal))
            loss, parts = self._actor_loss(at, tf.math.log(feasibility))
            loss += at.own_loss
        return parts | self._update_actor(tape, loss, settings)

    def _drawn(
        self,
        observation: TensorObservation,
        latent: tf.Tensor,
        settings: StepSettings,
        seed: tf.Tensor | None,
        given: tuple[tf.Tensor, tf.Tensor] | None = None,
    ) -> Drawn:
        """What the actor learns from: samples of the proposal, or given ones with their log r."""
        features = self.actor.encode(observation)
        supports, own_loss = self._supports(features, observation, latent)
        bandwidth = self.objective.adapted(supports, settings.bandwidth)
        settings = settings._replace(bandwidth=bandwidth)
        proposal = self._proposal_around(features, supports, bandwidth)
        samples = proposal.samples(seed) if given is None else given[0]
        log_density = actor_log_density(
            self.actor, self.objective, features, supports, samples, bandwidth
        )
        if given is not None:
            log_proposal = given[1]
        else:
            # The part of the proposal that an exact actor draws has just this density.
            near = log_density if self.actor.exact_density else None
            log_proposal = proposal.log_density(samples, near)
        return Drawn(features, supports, own_loss, settings, samples, log_density, log_proposal)

    def _actor_loss(
        self, at: Drawn, log_feasibility: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        surrogate = self.objective.surrogate_of(
            at.log_density,
            at.samples,
            at.log_proposal,
            log_feasibility,
            at.settings.divergence_weights,
        )
        return surrogate.loss, {
            "feasible_volume": tf.reduce_mean(tf.exp(surrogate.log_volume)),
            "effective_samples": tf.reduce_mean(surrogate.effective_samples),
        }

    def _update_actor(
        self, tape: tf.GradientTape, loss: tf.Tensor, settings: StepSettings
    ) -> dict[str, tf.Tensor]:
        variables = self.actor.trainable_variables
        norm = self._descend(
            self.actor_optimizer,
            tape.gradient(loss, variables),
            variables,
            settings.actor_learning_rate,
        )
        self.actor_average.update()
        return {"actor_gradient_norm": norm}

    def _descend(
        self, optimizer: Any, gradients: list[tf.Tensor], variables: list[Any], rate: tf.Tensor
    ) -> tf.Tensor:
        """Apply the gradients if they are finite; return their norm before clipping."""
        norm = tf.linalg.global_norm(gradients)
        usable = tf.math.is_finite(norm)
        # With a learning rate of 0 the weights do not decay either.
        optimizer.learning_rate.assign(tf.where(usable, rate, 0.0))
        optimizer.apply([tf.where(usable, g, 0.0) for g in gradients], variables)
        return norm


def _divided(batch: ExperienceBatch, parts: int) -> list[ExperienceBatch]:
    """Divide the states of a batch, with their experiences, into equal parts."""
    split = [tf.split(tensor, parts) for tensor in tf.nest.flatten(batch)]
    return [tf.nest.pack_sequence_as(batch, part) for part in zip(*split, strict=True)]
