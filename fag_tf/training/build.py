"""One assembly: from a configuration to a trainer with all that it needs."""

import math
import os
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment
from fag_tf.environments.registry import make_environment
from fag_tf.environments.validation import call_user_code
from fag_tf.errors import InputError
from fag_tf.networks.base import Actor, Critic
from fag_tf.networks.mlp import MLPActor, MLPCritic
from fag_tf.objectives.f_divergence import FDivergenceObjective
from fag_tf.spaces import ActionSpace
from fag_tf.training.collector import Collector
from fag_tf.training.learner import Learner, Networks
from fag_tf.training.random_streams import Purpose, stream_of
from fag_tf.training.replay_memory import ReplayMemory
from fag_tf.training.trainer import Trainer

__all__ = ["build_learner", "build_networks", "build_trainer", "critic_alone"]


def build_trainer(config: Config, environment: Environment | None = None) -> Trainer:
    """A trainer at its start: of actor and critic, or of the critic alone for another method.

    Args:
        config: of the run.
        environment: what it trains in; if None, the one that the configuration names.

    Raises:
        InputError: the environment, its networks or the memory that the configuration asks for is
            impossible.
    """
    if environment is None:
        environment = make_environment(config.env, config.env_options)
    if config.method != "actor":
        config = critic_alone(config)
    _check_room(config, environment)
    factors = _bandwidth_factors(config, environment.action_space)
    learner = build_learner(config, environment)
    memory = ReplayMemory(
        config.memory.capacity,
        config.collect.experiences,
        environment.observation_spec,
        environment.action_space.dim,
    )
    collector = Collector(
        environment,
        learner,
        config.collect,
        stream_of(config.seed, Purpose.COLLECT),
        # An environment that is asked by the learning itself is asked by one thread alone.
        background=config.trainer.target == "critic",
    )
    return Trainer(config, environment, learner, memory, collector, factors)


def critic_alone(config: Config) -> Config:
    """The configuration with which a critic is trained for a method other than the actor.

    It has the states, interactions and steps that a run of the actor has. The actor stays as it
    starts, spread over the action space, so the experience is uniform with perturbations of the
    uniform, a share of it chosen by the critic (`collect.uncertain_share`): what a method without
    an explorer of its own would gather.
    """
    return replace(config, critic=replace(config.critic, warmup_steps=config.trainer.steps))


def build_learner(config: Config, environment: Environment) -> Learner:
    """Networks, their averages and the objective of a configuration, ready to learn.

    Raises:
        InputError: the environment's own networks cannot be built or called, or the objective is
            impossible.
    """
    options = config.objective
    objective = FDivergenceObjective(
        environment.action_space,
        options.divergence,
        options.uniform_weight,
        options.target_floor,
        options.max_support_gradient,
        options.wide_weight,
        options.wide_bandwidth,
        options.scott_factor,
    )
    networks = Networks(*build_networks(config, environment), *build_networks(config, environment))
    call_user_code(
        f"environment {environment.name!r}: a first call of its networks",
        _call_once,
        networks,
        environment,
    )
    return Learner(config, objective, networks)


def build_networks(config: Config, environment: Environment) -> tuple[Actor, Critic]:
    """New networks: the environment's own where it has some, else general ones.

    The same configuration gives the same weights.

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
                f"{type(critic).__name__}; they must give an Actor and a Critic of "
                "fag_tf.networks.base"
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


def _call_once(networks: Networks, environment: Environment) -> None:
    """Make the weights, which must be there before any are restored."""
    nothing = {
        name: tf.ones((1, *spec.shape), spec.dtype)
        for name, spec in environment.observation_spec.items()
    }
    for actor, critic in (networks[:2], networks[2:]):
        action = actor(nothing, tf.zeros((1, 1, actor.latent_dim)))
        critic(nothing, action)
        critic.all_logits(critic.encode(nothing), action)


def _bandwidth_factors(config: Config, space: ActionSpace) -> Any:
    """What the bandwidth is multiplied by: one number, or one of each axis if any is given."""
    given = config.objective.axis_bandwidth
    if not given:
        return 1.0
    names = [axis.name for axis in space.axes]
    factors = np.ones(len(names))
    for key, factor in given.items():
        if key not in names and key not in map(str, range(len(names))):
            raise InputError(
                f"objective.axis_bandwidth names {key!r}; the axes of an action are "
                f"{', '.join(names)}, or 0 to {len(names) - 1}"
            )
        factors[names.index(key) if key in names else int(key)] = factor
    return factors


def _check_room(config: Config, environment: Environment) -> None:
    """Refuse a replay memory that the machine cannot hold, before it fills hours later.

    Raises:
        InputError: it needs more than the machine's memory.
    """
    per_state = sum(
        math.prod(spec.shape) * np.dtype(spec.kept or spec.dtype).itemsize
        for spec in environment.observation_spec.values()
    ) + config.collect.experiences * (4 * environment.action_space.dim + 1)
    needed = config.memory.capacity * per_state
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise InputError(
            f"memory.capacity is {config.memory.capacity}, which needs {needed / 2**30:.3g} GiB; "
            f"this machine has {there / 2**30:.3g} GiB"
        )
