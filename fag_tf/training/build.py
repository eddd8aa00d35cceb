"""The networks of a run: the environment's own where it has some, else general ones."""

from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment
from fag_tf.environments.validation import call_user_code
from fag_tf.errors import InputError
from fag_tf.networks.base import Actor, Critic
from fag_tf.networks.mlp import MLPActor, MLPCritic

__all__ = ["build_networks"]


def build_networks(config: Config, environment: Environment) -> tuple[Actor, Critic]:
    """New networks; the same configuration gives the same weights.

    Raises:
        InputError: the environment's own cannot be built, or are no Actor and Critic.
    """
    if environment.offers("build_actor", "build_critic"):
        wrong = f"environment {environment.name!r}:"
        actor = call_user_code(f"{wrong} build_actor", environment.build_actor, config)
        critic = call_user_code(f"{wrong} build_critic", environment.build_critic, config)
        if not (isinstance(actor, Actor) and isinstance(critic, Critic)):
            raise InputError(
                f"{wrong} build_actor and build_critic give {type(actor).__name__} and "
                f"{type(critic).__name__}; they must give an "
                "Actor and a Critic of fag_tf.networks.base"
            )
        return actor, critic
    space, spec = environment.action_space, environment.observation_spec
    latent_dim = config.actor.latent_dim or space.dim
    if latent_dim < space.dim:
        raise InputError(
            f"actor.latent_dim is {latent_dim}; for {space.dim} axes it must be 0 or at least that"
        )
    return (
        MLPActor(space, spec, latent_dim, config.actor.width, config.actor.depth, config.seed),
        MLPCritic(space, spec, config.critic.width, config.critic.depth, config.seed + 1),
    )
