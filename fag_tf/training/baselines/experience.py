"""The critic and the experience that the other methods learn from, at the actor's own budget."""

from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment
from fag_tf.training.build import build_trainer, critic_alone
from fag_tf.training.trainer import Trainer

__all__ = ["gather_experience"]


def gather_experience(config: Config, environment: Environment | None = None) -> Trainer:
    """Train a critic by `fag_tf.training.build.critic_alone`.

    Returns:
        The trainer when it is done; its critic and its replay memory are what is wanted.
    """
    trainer = build_trainer(critic_alone(config), environment)
    trainer.run()
    return trainer
