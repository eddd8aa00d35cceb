"""The networks for planar grasps of a configuration."""

from fag_tf.config.schema import Config
from fag_tf.environments.planar_grasp.networks.actor_critic import GraspActor, GraspCritic
from fag_tf.environments.planar_grasp.networks.look_critic import LookCritic
from fag_tf.environments.planar_grasp.networks.scanning_actor import ScanningActor
from fag_tf.errors import InputError
from fag_tf.networks.base import Actor, Critic

__all__ = ["build_actor", "build_critic"]


def build_actor(config: Config) -> Actor:
    """Build the actor of a configuration: scanning, or implicit if `actor.kind` says so.

    Raises:
        InputError: `actor.width` is not a multiple of 4, for an implicit actor.
    """
    options = config.actor
    if options.kind != "implicit":
        return ScanningActor(options.width, options.density_sharpness, config.seed)
    _check_width("actor", options.width)
    return GraspActor(options.width, options.depth, options.steps, config.seed)


def build_critic(config: Config) -> Critic:
    """Build the critic of a configuration, of the kind that suits its actor.

    Raises:
        InputError: `critic.width` is not a multiple of 4, for an implicit actor.
    """
    if config.actor.kind != "implicit":
        return LookCritic(config.critic.width, config.seed + 1)
    _check_width("critic", config.critic.width)
    return GraspCritic(config.critic.width, config.critic.depth, config.seed + 1)


def _check_width(network: str, width: int) -> None:
    if width % 4:
        raise InputError(
            f"{network}.width is {width}; for planar grasps it must be a multiple of 4, the scene "
            "and its mirror images"
        )
