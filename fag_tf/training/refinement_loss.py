"""The stops of samples on their trajectories in training, and the loss that the stops give.

While the actor learns, the critic decides where a sample stops. After training, the actor's stop
logits decide in place of the critic. The actor's log density ratio is used to choose among
candidates.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from fag_tf.config.networks import ActorConfig, PolicyConfig
from fag_tf.networks.base import Actor
from fag_tf.networks.resampling import stopped_action

__all__ = ["refine"]

# Every eighth sample is enough to train the stop logits and the log density ratio.
_STRIDE = 8


def refine(
    actor: Actor,
    logits_of: Callable[[tf.Tensor], tf.Tensor],
    features: Any,
    latent: tf.Tensor,
    actor_config: ActorConfig,
    policy_config: PolicyConfig,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Compute the actor's samples, which stop where the critic decides, and the actor's own loss.

    Args:
        actor: the actor.
        logits_of: function that gives the critic's logits `[B, E]` of actions `[B, E, A]`.
        features: the actor's features of B states.
        latent: latents `[B, N, Z]`.
        actor_config: options of the actor. `critic_stop_probability` stops the returned samples.
        policy_config: options of the policy. `stop_probability` stops the samples on which
            the log density ratio is trained.

    Returns:
        The samples `[B, N, A]`, through which the gradient passes; and the scalar loss of
        `Actor.stop_logits` and `Actor.log_density_ratio`.
    """
    path, stops = actor.trajectory(features, latent)
    _, count, length, dim = path.shape
    if length == 1:
        return path[:, :, 0], tf.zeros([])
    before_last = tf.reshape(path[:, :, :-1], [-1, count * (length - 1), dim])
    logits = tf.reshape(logits_of(before_last), [-1, count, length - 1])
    logits = tf.stop_gradient(logits)
    few = tf.stop_gradient(path[:, ::_STRIDE])
    errors = tf.nn.sigmoid_cross_entropy_with_logits(
        tf.sigmoid(logits[:, ::_STRIDE]), actor.stop_logits(features, few)
    )
    loss = tf.reduce_mean(tf.reduce_sum(errors, axis=-1))
    loss += _density_ratio_loss(
        actor, features, few, stops[:, ::_STRIDE], policy_config.stop_probability
    )
    return stopped_action(path, logits, actor_config.critic_stop_probability), loss


def _density_ratio_loss(
    actor: Actor, features: Any, path: tf.Tensor, stops: tf.Tensor, stop: float
) -> tf.Tensor:
    """Cross-entropy of a classifier between final actions and initial actions of samples.

    The final actions are found with the stop logits. The optimal logit of the classifier is the log
    density ratio. Source: noise-contrastive estimation (Gutmann and Hyvärinen 2010).
    """
    ends = stopped_action(path, tf.stop_gradient(stops), stop)
    end, begin = (actor.log_density_ratio(features, actions) for actions in (ends, path[:, :, 0]))
    return tf.reduce_mean(tf.nn.softplus(-end)) + tf.reduce_mean(tf.nn.softplus(begin))
