"""All methods by name. The module of a method is loaded when it is needed."""

import importlib
from typing import TYPE_CHECKING, Any

from fag_tf.config.schema import GENERATORS, Config
from fag_tf.environments.base import Environment
from fag_tf.errors import InputError
from fag_tf.networks.base import Actor
from fag_tf.networks.policy import Policy
from fag_tf.training.baselines.fitted import Fitted

if TYPE_CHECKING:
    from fag_tf.training.trainer import Trainer

__all__ = ["METHODS", "build_generator", "fit_generator", "fit_method"]

# Functions of `fag_tf.training.baselines`: one builds a network, one fits it to the experience.
_GENERATORS = {
    "flow": ("flow:build_flow", "flow:fit_flow"),
    "maxent flow": ("flow:build_flow", "maximum_entropy:fit_maxent_flow"),
    "maxent gaussian": ("maximum_entropy:build_gaussian", "maximum_entropy:fit_mixture"),
    "maxent mixture": ("maximum_entropy:build_mixture", "maximum_entropy:fit_mixture"),
    "wgan": ("wgan:build_wgan", "wgan:fit_wgan"),
}
_OTHERS = {
    "actor": "actor:fit_actor",
    "cross-entropy search": "critic_search:fit_cross_entropy",
    "filtered uniform": "critic_search:fit_filtered_uniform",
}
METHODS = (*_OTHERS, *GENERATORS)
"""Names of all methods."""


def _load(path: str) -> Any:
    module, _, function = path.partition(":")
    return getattr(importlib.import_module(f"fag_tf.training.baselines.{module}"), function)


def build_generator(name: str, config: Config, environment: Environment) -> Actor:
    """Build the network of a generator with its initial weights.

    Args:
        name: name of the generator, one of `fag_tf.config.schema.GENERATORS`.
        config: configuration of the run.
        environment: environment of the run.
    """
    import tensorflow as tf

    network: Actor = _load(_GENERATORS[name][0])(config, environment)
    nothing = {
        key: tf.ones((1, *spec.shape), spec.dtype)
        for key, spec in environment.observation_spec.items()
    }
    network(nothing, tf.zeros((1, 1, network.latent_dim)))  # makes the weights
    return network


def fit_generator(name: str, trainer: "Trainer") -> Actor:
    """Build a generator and fit it to the experience of a trainer.

    Args:
        name: name of the generator, one of `fag_tf.config.schema.GENERATORS`.
        trainer: trainer that `gather_experience` returned.
    """
    network = build_generator(name, trainer.config, trainer.environment)
    _load(_GENERATORS[name][1])(network, trainer)
    return network


def fit_method(name: str, config: Config) -> Fitted:
    """Fit a method in the environment of a configuration.

    Args:
        name: name of the method, one of `METHODS`.
        config: configuration of the run.

    Raises:
        InputError: the method is unknown, or the configuration is invalid.
    """
    if name not in METHODS:
        raise InputError(f"no method is called {name!r}; there are {', '.join(METHODS)}")
    if name in _OTHERS:
        fitted: Fitted = _load(_OTHERS[name])(config)
        return fitted
    from fag_tf.training.baselines.experience import gather_experience

    trainer = gather_experience(config)
    network, critic = fit_generator(name, trainer), trainer.learner.averaged_critic
    return Fitted(Policy(network, critic), trainer.interactions, critic)
