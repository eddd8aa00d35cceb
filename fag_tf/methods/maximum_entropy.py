"""Maximum-entropy policies on the critic: a Gaussian, a mixture of Gaussians, a flow.

With log C as reward and a temperature of 1 the policy that maximises reward and entropy together
is C / V, the very target of the actor; its loss E[log pi - log C] is the reverse KL divergence.
So the policies differ from the actor in the divergence and in what they can represent.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fag_tf.config import Config
from fag_tf.methods.experience import gather_experience
from fag_tf.methods.fitted import Fitted
from fag_tf.methods.flow import FLOW_LEARNING_RATE, ConditionalFlow
from fag_tf.methods.generators import GeneratorSampler, descend, stream, tensors
from fag_tf.methods.mixture_policy import MixturePolicy
from fag_tf.schedules import Schedule
from fag_tf.trainer import Trainer

__all__ = ["fit_maxent_flow", "fit_maxent_gaussian", "fit_maxent_mixture"]

_LEARNING_RATE = Schedule(4e-3, 2e-4, "cosine", 0.2)
# Sharp rewards at the start drive all samples into the first mode they meet.
_REWARD_WEIGHT = Schedule(0.1, 1.0, "linear", 0.0, 0.6)
_COMPONENTS = 8
_POLICY_PURPOSE = 12


def fit_maxent_gaussian(config: Config) -> Fitted:
    """A squashed Gaussian, as in soft actor-critic (Haarnoja et al. 2018)."""
    return _fit_mixture(config, 1)


def fit_maxent_mixture(config: Config) -> Fitted:
    """A squashed mixture of eight Gaussians."""
    return _fit_mixture(config, _COMPONENTS)


def _fit_mixture(config: Config, components: int) -> Fitted:
    trainer = gather_experience(config)
    environment = trainer.environment
    policy = MixturePolicy(
        environment.action_space,
        environment.observation_spec,
        components,
        config.actor.width,
        config.actor.depth,
        config.seed,
    )
    count = max(config.objective.num_supports // components, 1)

    def draw(observation: Any, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return policy.component_samples(observation, count, seed)

    policy.mixture(_batch(trainer, config, 0)[0])  # makes the weights
    variables = policy.body.trainable_variables
    _fit(trainer, config, draw, variables, _LEARNING_RATE)
    critic = trainer.learner.critic
    return Fitted(GeneratorSampler(policy, critic), trainer.interactions, critic)


def fit_maxent_flow(config: Config) -> Fitted:
    """A conditional neural spline flow."""
    trainer = gather_experience(config)
    environment = trainer.environment
    flow = ConditionalFlow(
        environment.action_space,
        environment.observation_spec,
        config.actor.width,
        config.actor.depth,
        config.seed,
    )
    count = config.objective.num_supports

    def draw(observation: Any, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        actions, log_prob = flow.sample_and_log_prob(observation, count, seed)
        return actions, log_prob, tf.ones_like(log_prob) / count

    variables = flow.start(_batch(trainer, config, 0)[0])
    _fit(trainer, config, draw, variables, FLOW_LEARNING_RATE)
    critic = trainer.learner.critic
    return Fitted(GeneratorSampler(flow, critic), trainer.interactions, critic)


def _batch(trainer: Trainer, config: Config, step: int) -> tuple[Any, ...]:
    """States of the memory, a seed, and the weight of the reward."""
    rng = stream(config.seed, _POLICY_PURPOSE, step)
    drawn = trainer.memory.draw(rng, config.trainer.batch, 1, 0.5)
    seed = tf.constant(rng.integers(2**31, size=2), tf.int32)
    weight = tf.constant(_REWARD_WEIGHT(step / config.trainer.steps), tf.float32)
    return tensors(drawn.observation), seed, weight


def _fit(
    trainer: Trainer,
    config: Config,
    draw: Callable[[Any, tf.Tensor], tuple[tf.Tensor, ...]],
    variables: Any,
    learning_rate: Schedule,
) -> None:
    critic = trainer.learner.critic

    def loss(observation: Any, seed: tf.Tensor, reward_weight: tf.Tensor) -> tf.Tensor:
        actions, log_prob, weight = draw(observation, seed)
        reward = tf.math.log_sigmoid(critic(observation, actions))
        objective = tf.reduce_sum(weight * (log_prob - reward_weight * reward), axis=-1)
        return tf.reduce_mean(objective)

    descend(
        loss,
        variables,
        lambda step: _batch(trainer, config, step),
        config.trainer.steps,
        learning_rate,
    )
