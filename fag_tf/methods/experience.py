"""The critic and the experience that the other methods learn from, at the actor's own budget."""

from dataclasses import replace

from fag_tf.config import Config
from fag_tf.trainer import Trainer

__all__ = ["gather_experience"]


def gather_experience(config: Config) -> Trainer:
    """Train a critic alone, with the states, interactions and steps that a run of the actor has.

    The actor stays as it starts, spread over the action space, so the experience is uniform with
    perturbations of the uniform: what a method without an explorer of its own would gather.

    Returns:
        The trainer when it is done; its critic and its replay memory are what is wanted.
    """
    critic = replace(config.critic, warmup_steps=config.trainer.steps)
    trainer = Trainer(replace(config, critic=critic))
    trainer.run()
    return trainer
