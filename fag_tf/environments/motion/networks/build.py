"""The networks of the motion environments: general ones inside a frame."""

from typing import Any

from fag_tf.networks.autoregressive import AutoregressiveActor
from fag_tf.networks.base import Actor, Critic
from fag_tf.networks.framed import Frame, FramedActor, FramedCritic
from fag_tf.networks.general_critic import GeneralCritic
from fag_tf.networks.mlp import MLPActor
from fag_tf.spaces import ActionSpace

__all__ = ["build_actor", "build_critic"]


def build_actor(frame: Frame, space: ActionSpace, config: Any) -> Actor:
    """The actor of a `fag_tf.config.Config` in a frame."""
    options, parts = config.actor, (frame.space, frame.observation_spec)
    if options.kind == "implicit":
        dim = max(options.latent_dim, space.dim)
        inner: Actor = MLPActor(*parts, dim, options.width, options.depth, config.seed)
    else:
        inner = AutoregressiveActor(*parts, options.width, options.depth, config.seed)
    return FramedActor(inner, frame, space)


def build_critic(frame: Frame, config: Any) -> Critic:
    """The critic of a `fag_tf.config.Config` in a frame."""
    options, parts = config.critic, (frame.space, frame.observation_spec)
    inner = GeneralCritic(*parts, options.width, options.depth, config.seed + 1)
    return FramedCritic(inner, frame)
