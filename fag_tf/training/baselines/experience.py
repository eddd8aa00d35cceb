"""The critic and the experience that the other methods learn from, at the actor's own budget."""

from dataclasses import replace

from fag_tf.config.schema import Config
from fag_tf.training.trainer import Trainer

__all__ = ["experience_config", "gather_experience"]


def experience_config(config: Config) -> Config:
    """The configuration with which a critic alone is trained.

    It has the states, interactions and steps that a run of the actor has. The actor stays as it
    starts, spread over the action space, so the experience is uniform with perturbations of the
    uniform, a share of it chosen by the critic (`collect.uncertain_share`): what a method without
    an explorer of its own would gather.
    """
    return replace(config, critic=replace(config.critic, warmup_steps=config.trainer.steps))


def gather_experience(config: Config) -> Trainer:
    """Train by `experience_config`.

    Returns:
        The trainer when it is done; its critic and its replay memory are what is wanted.
    """
    trainer = Trainer(experience_config(config))
    trainer.run()
    return trainer
