"""Builds a trainer with all its parts from a configuration."""

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
from fag_tf.networks.autoregressive import AutoregressiveActor
from fag_tf.networks.base import Actor, Critic
from fag_tf.networks.general_critic import GeneralCritic
from fag_tf.networks.mlp import MLPActor, MLPCritic
from fag_tf.objectives.f_divergence import FDivergenceObjective
from fag_tf.parallel.local_worker import LocalWorker
from fag_tf.parallel.worker_pool import WorkerFactory
from fag_tf.spaces import ActionSpace
from fag_tf.training.collector import Collector
from fag_tf.training.feasibility_checks import make_checks
from fag_tf.training.learner import Learner, Networks
from fag_tf.training.random_streams import Purpose, stream_of
from fag_tf.training.replay_memory import ReplayMemory
from fag_tf.training.trainer import Trainer

__all__ = ["build_learner", "build_networks", "build_trainer", "critic_alone"]


def build_trainer(
    config: Config,
    environment: Environment | None = None,
    worker: WorkerFactory = LocalWorker,
) -> Trainer:
    """Build a trainer before its first step.

    With the method `actor` it trains actor and critic. With another method it trains only the
    critic.

    Args:
        config: configuration of the run.
        environment: environment of the training; the environment named by `config` if None.
        worker: what `collect.workers` are, if there are more than one.

    Raises:
        InputError: the environment, its networks or the replay memory cannot be made as
            configured.
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
        graded=config.collect.tolerated_share > 0.0 and environment.offers("violation"),
    )
    collector = Collector(
        environment,
        learner,
        config.collect,
        stream_of(config.seed, Purpose.COLLECT),
        # If the learning step itself calls the environment, no second thread may call it.
        background=config.trainer.target == "critic",
        checks=make_checks(environment, config.collect.workers, worker),
    )
    return Trainer(config, environment, learner, memory, collector, factors)


def critic_alone(config: Config) -> Config:
    """The configuration that trains only a critic, for a method other than the actor.

    Its states, interactions and steps are those of a run of the actor. The actor is not trained,
    so its samples stay spread over the action space. The actions of the experience are therefore
    uniform or perturbed uniform actions. The critic chooses a share of them
    (`collect.uncertain_share`). A method without its own exploration would gather such experience.
    """
    return replace(config, critic=replace(config.critic, warmup_steps=config.trainer.steps))


def build_learner(config: Config, environment: Environment) -> Learner:
    """Build a learner: the networks, their running averages and the objective.

    Args:
        config: configuration of the run.
        environment: environment of the training.

    Raises:
        InputError: the environment's own networks cannot be built or called, or the options of
            the objective are invalid.
    """
    options = config.objective
    objective = FDivergenceObjective(
        environment.action_space,
        options.divergence,
        uniform_weight=options.uniform_weight,
        target_floor=options.target_floor,
        max_support_gradient=options.max_support_gradient,
        wide_weight=options.wide_weight,
        wide_bandwidth=options.wide_bandwidth,
        scott_factor=options.scott_factor,
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
    """Build a new actor and critic: the environment's own networks, or general networks.

    Equal configurations give equal weights.

    Args:
        config: configuration of the run.
        environment: environment of the training. If it offers `build_actor` and
            `build_critic`, it builds its own networks.

    Raises:
        InputError: the environment's own networks cannot be built or are not an Actor and a
            Critic, or `actor.kind` or `actor.latent_dim` does not suit the environment.
    """
    kinds = _kinds(environment)
    if config.actor.kind not in kinds:
        raise InputError(
            f"actor.kind is {config.actor.kind}; for environment {environment.name!r} it must be "
            f"{' or '.join(kinds)}"
        )
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
    return _general_networks(config, environment)


def _kinds(environment: Environment) -> tuple[str, ...]:
    """The values of `actor.kind` that an environment can have."""
    if not environment.offers("build_actor", "build_critic"):
        return ("auto", "implicit", "autoregressive")
    return environment.actor_kinds


def _general_networks(config: Config, environment: Environment) -> tuple[Actor, Critic]:
    options, of_critic = config.actor, config.critic
    space, spec = environment.action_space, environment.observation_spec
    latent_dim = options.latent_dim or space.dim
    if options.kind == "implicit":
        if latent_dim < space.dim:
            raise InputError(
                f"actor.latent_dim is {latent_dim}; for {space.dim} axes it must be 0 or at least "
                "that"
            )
        actor = MLPActor(space, spec, latent_dim, options.width, options.depth, config.seed)
        return actor, MLPCritic(space, spec, of_critic.width, of_critic.depth, config.seed + 1)
    if latent_dim != space.dim:
        raise InputError(
            f"actor.latent_dim is {latent_dim}; an autoregressive actor has one latent an "
            f"axis, so for {space.dim} axes it must be 0 or {space.dim}"
        )
    return (
        AutoregressiveActor(space, spec, options.width, options.depth, config.seed, True),
        GeneralCritic(space, spec, of_critic.width, of_critic.depth, config.seed + 1, True),
    )


def _call_once(networks: Networks, environment: Environment) -> None:
    """Call each network once to make its weights, which must exist before they are restored."""
    nothing = {
        name: tf.ones((1, *spec.shape), spec.dtype)
        for name, spec in environment.observation_spec.items()
    }
    for actor, critic in (networks[:2], networks[2:]):
        action = actor(nothing, tf.zeros((1, 1, actor.latent_dim)))
        critic(nothing, action)
        critic.all_logits(critic.encode(nothing), action)


def _bandwidth_factors(config: Config, space: ActionSpace) -> Any:
    """The factor of the bandwidth: 1, or one factor per axis `[A]` if any factor is configured."""
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
    """Check at the start that the full replay memory will fit into the machine's memory.

    Raises:
        InputError: the replay memory needs more than the machine's memory.
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
