"""Maximum-entropy policies on the critic: a Gaussian, a mixture of Gaussians and a flow.

The reward is log C and the temperature is 1. The policy with the greatest sum of reward and entropy
is then C / V, which is also the target of the actor. The loss E[log pi - log C] is the reverse KL
divergence. The policies differ from the actor in the divergence and in the distributions that they
can represent.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fag_tf.config.schedules import Schedule
from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment
from fag_tf.networks.base import as_tensors
from fag_tf.training.baselines.flow import FLOW_LEARNING_RATE, ConditionalFlow
from fag_tf.training.baselines.generators import descend, stream
from fag_tf.training.baselines.mixture_policy import MixturePolicy
from fag_tf.training.trainer import Trainer

__all__ = ["build_gaussian", "build_mixture", "fit_maxent_flow", "fit_mixture"]

_LEARNING_RATE = Schedule(4e-3, 2e-4, "cosine", 0.2)
# A full reward at the start would drive all samples into one mode.
_REWARD_WEIGHT = Schedule(0.1, 1.0, "linear", 0.0, 0.6)
_COMPONENTS = 8
_POLICY_PURPOSE = 12


def build_gaussian(config: Config, environment: Environment) -> MixturePolicy:
    """Build a squashed Gaussian, as in soft actor-critic (Haarnoja et al. 2018), not fitted."""
    return _mixture(config, environment, 1)


def build_mixture(config: Config, environment: Environment) -> MixturePolicy:
    """Build a squashed mixture of eight Gaussians, not yet fitted."""
    return _mixture(config, environment, _COMPONENTS)


def _mixture(config: Config, environment: Environment, components: int) -> MixturePolicy:
    return MixturePolicy(
        environment.action_space,
        environment.observation_spec,
        components,
        config.actor.width,
        config.actor.depth,
        config.seed,
    )


def fit_mixture(policy: MixturePolicy, trainer: Trainer) -> None:
    """Fit a mixture with one or several components to the trainer's critic."""
    count = max(trainer.config.objective.num_supports // policy.components, 1)

    def draw(observation: Any, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return policy.component_samples(observation, count, seed)

    _fit(trainer, draw, policy.trainable_variables, _LEARNING_RATE)


def fit_maxent_flow(flow: ConditionalFlow, trainer: Trainer) -> None:
    """Fit a conditional neural spline flow to the trainer's critic."""
    count = trainer.config.objective.num_supports

    def draw(observation: Any, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        actions, log_prob = flow.sample_and_log_prob(observation, count, seed)
        return actions, log_prob, tf.ones_like(log_prob) / count

    _fit(trainer, draw, flow.trainable_variables, FLOW_LEARNING_RATE)


def _batch(trainer: Trainer, config: Config, step: int) -> tuple[Any, ...]:
    """Observations from the memory, a seed int32 `[2]`, and the weight of the reward."""
    rng = stream(config.seed, _POLICY_PURPOSE, step)
    drawn = trainer.memory.draw(rng, config.trainer.batch, 1, 0.5)
    seed = tf.constant(rng.integers(2**31, size=2), tf.int32)
    weight = tf.constant(_REWARD_WEIGHT(step / config.trainer.steps), tf.float32)
    return as_tensors(drawn.observation), seed, weight


def _fit(
    trainer: Trainer,
    draw: Callable[[Any, tf.Tensor], tuple[tf.Tensor, ...]],
    variables: Any,
    learning_rate: Schedule,
) -> None:
    config, critic = trainer.config, trainer.learner.averaged_critic

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
