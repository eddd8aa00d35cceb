"""Samples on their way: where each stops while the actor learns, and what the actor learns of it.

While it learns it is the critic that stops a sample. Once trained, the actor's own word stands for
the critic's at every step, and how crowded its samples lie tells which of several to take.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fag_tf.config.networks import ActorConfig, PolicyConfig
from fag_tf.networks.base import Actor
from fag_tf.networks.resampling import stopped_action

__all__ = ["refine"]

# Every eighth sample teaches the actor where to stop and where its samples lie, which is enough.
_STRIDE = 8


def refine(
    actor: Actor,
    logits_of: Callable[[tf.Tensor], tf.Tensor],
    features: Any,
    latent: tf.Tensor,
    actor_config: ActorConfig,
    policy_config: PolicyConfig,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The actor's samples, each taken as far as the critic lets it go, and what they teach.

    Args:
        actor: whose samples.
        logits_of: the critic's logits `[B, E]` of actions `[B, E, A]`.
        features: the actor's, of B states.
        latent: `[B, N, Z]`.
        actor_config: its `critic_stop_probability` ends the samples that learn.
        policy_config: its `stop_probability` ends those whose density ratio is learnt.

    Returns:
        The samples `[B, N, A]`, with the actor's gradient; and the loss, a scalar, of what the
        actor says of itself: `Actor.stops` and `Actor.log_density_ratio`.
    """
    path, stops = actor.trajectory(features, latent)
    _, count, length, dim = path.shape
    if length == 1:
        return path[:, :, 0], tf.zeros([])
    begins = tf.reshape(path[:, :, :-1], [-1, count * (length - 1), dim])
    judged = tf.stop_gradient(tf.reshape(logits_of(begins), [-1, count, length - 1]))
    few = tf.stop_gradient(path[:, ::_STRIDE])
    errors = tf.nn.sigmoid_cross_entropy_with_logits(
        tf.sigmoid(judged[:, ::_STRIDE]), actor.stop_logits(features, few)
    )
    loss = tf.reduce_mean(tf.reduce_sum(errors, axis=-1))
    loss += _density_ratio_loss(
        actor, features, few, stops[:, ::_STRIDE], policy_config.stop_probability
    )
    return stopped_action(path, judged, actor_config.critic_stop_probability), loss


def _density_ratio_loss(
    actor: Actor, features: Any, path: tf.Tensor, stops: tf.Tensor, stop: float
) -> tf.Tensor:
    """Cross-entropy of telling where samples end, the trained actor's way, from where they begin.

    The logit that tells them apart best is the logarithm of the ratio of the two densities.
    Source: noise-contrastive estimation (Gutmann and Hyvärinen 2010).
    """
    ends = stopped_action(path, tf.stop_gradient(stops), stop)
    end, begin = (actor.log_density_ratio(features, actions) for actions in (ends, path[:, :, 0]))
    return tf.reduce_mean(tf.nn.softplus(-end)) + tf.reduce_mean(tf.nn.softplus(begin))
