"""The critic and the experience from which the other methods learn, with the actor's budget."""

from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment
from fag_tf.training.build import build_trainer, critic_alone
from fag_tf.training.trainer import Trainer

__all__ = ["gather_experience"]


def gather_experience(config: Config, environment: Environment | None = None) -> Trainer:
    """Train a critic with the configuration of `fag_tf.training.build.critic_alone`.

    Args:
        config: configuration of the run.
        environment: environment of the training; the environment named by `config` if None.

    Returns:
        The trainer after its last step, with its critic and its replay memory.
    """
    trainer = build_trainer(critic_alone(config), environment)
    trainer.run()
    return trainer
