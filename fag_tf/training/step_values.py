"""What a learning step is given, and what the actor learns from in it."""

from typing import Any, NamedTuple

import tensorflow as tf

__all__ = ["Drawn", "StepSettings"]


class StepSettings(NamedTuple):
    """The values of all schedules in one step; see `fag_tf.config`.

    Attributes:
        bandwidth: sigma, scalar or `[A]`, in half-ranges.
        divergence_weights: weights of the divergences, `[number of divergences]`.
        critic_gradient: lambda, weight of the critic's own gradient, scalar.
        actor_learning_rate: learning rate of the actor, scalar.
        critic_learning_rate: learning rate of the critic, scalar.
    """

    bandwidth: tf.Tensor
    divergence_weights: tf.Tensor
    critic_gradient: tf.Tensor
    actor_learning_rate: tf.Tensor
    critic_learning_rate: tf.Tensor


class Drawn(NamedTuple):
    """What the actor learns from in a step.

    Attributes:
        features: the actor's features of B states.
        supports: the actor's samples `[B, N, A]`.
        own_loss: the actor's own loss, a scalar; see `refine`.
        settings: values of the schedules, with the adapted bandwidth.
        samples: samples of the proposal `[B, M, A]`.
        log_density: log q of these, through which the gradient passes, `[B, M]`.
        log_proposal: their log r, `[B, M]`.
    """

    features: Any
    supports: tf.Tensor
    own_loss: tf.Tensor
    settings: StepSettings
    samples: tf.Tensor
    log_density: tf.Tensor
    log_proposal: tf.Tensor
