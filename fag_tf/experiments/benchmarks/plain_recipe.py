"""Plain training after the paper alone, as a reference for the default recipe.

There is no XLA, and `MixtureSameFamily` gives the kernel densities. Actor and critic are a
convolutional network of the picture, flattened, and a multilayer perceptron of its features with
latent or action. There is no choice among candidates. The proposal has no wide kernels, and its
uniform part covers the whole action space. Environment, interactions, replay memory, divergence,
optimisers and learning rates are those of the default recipe.
"""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from fag_tf.config.parsing import config_from_dict, config_to_dict
from fag_tf.config.schema import Config
from fag_tf.environments.base import WrappedEnvironment
from fag_tf.environments.registry import make_environment
from fag_tf.experiments.benchmarks.kernel_speed import mixture_log_density
from fag_tf.networks.mlp import MLPActor, MLPCritic
from fag_tf.objectives.f_divergence import FDivergenceObjective
from fag_tf.objectives.kernels import ProductKernel
from fag_tf.spaces import ArraySpec
from fag_tf.training.build import build_trainer
from fag_tf.training.trainer import Trainer

__all__ = [
    "ConvolutionalActor",
    "ConvolutionalCritic",
    "PlainEnvironment",
    "PlainKernel",
    "plain_config",
    "plain_trainer",
]

_CHANNELS = (16, 32, 64)
_FEATURES = 128

Observation = Mapping[str, tf.Tensor]


class _Encoder(keras.layers.Layer):
    """Strided convolutions of pictures, flattened; vectors stay as they are: `[B, F]`."""

    def __init__(self, spec: Mapping[str, ArraySpec], seed: int) -> None:
        super().__init__(name="encoder")
        self.pictures = sorted(name for name in spec if len(spec[name].shape) == 3)
        self.vectors = sorted(set(spec) - set(self.pictures))
        layers: list[keras.layers.Layer] = [
            keras.layers.Conv2D(
                channels,
                5,
                strides=2,
                padding="same",
                activation="silu",
                kernel_initializer=keras.initializers.HeNormal(seed=seed + 31 * i),
            )
            for i, channels in enumerate(_CHANNELS)
        ]
        last = keras.initializers.HeNormal(seed=seed + 997)
        layers.append(keras.layers.Flatten())
        layers.append(keras.layers.Dense(_FEATURES, activation="silu", kernel_initializer=last))
        self.body = keras.Sequential(layers)

    def call(self, observation: Observation) -> dict[str, tf.Tensor]:
        """The observation with its pictures replaced by their features `[B, F]`."""
        seen = {name: observation[name] for name in self.vectors}
        return seen | {name: self.body(observation[name]) for name in self.pictures}

    def encoded_spec(self, spec: Mapping[str, ArraySpec]) -> dict[str, ArraySpec]:
        """Specification of the result of `call`."""
        pictures = {name: ArraySpec((_FEATURES,)) for name in self.pictures}
        return {name: spec[name] for name in self.vectors} | pictures


class ConvolutionalActor(MLPActor):
    """The general actor on the features of a convolutional network.

    The arguments are those of `MLPActor`.
    """

    def __init__(
        self,
        space: Any,
        observation_spec: Mapping[str, ArraySpec],
        latent_dim: int,
        width: int,
        depth: int,
        seed: int,
    ) -> None:
        encoder = _Encoder(observation_spec, seed)
        spec = encoder.encoded_spec(observation_spec)
        super().__init__(space, spec, latent_dim, width, depth, seed)
        self.encoder = encoder

    def encode(self, observation: Observation) -> tf.Tensor:
        """Features of the state `[B, F]`; see the base class."""
        return super().encode(self.encoder(observation))


class ConvolutionalCritic(MLPCritic):
    """The general critic on the features of a convolutional network.

    The arguments are those of `MLPCritic`.
    """

    def __init__(
        self,
        space: Any,
        observation_spec: Mapping[str, ArraySpec],
        width: int,
        depth: int,
        seed: int,
    ) -> None:
        encoder = _Encoder(observation_spec, seed)
        super().__init__(space, encoder.encoded_spec(observation_spec), width, depth, seed)
        self.encoder = encoder

    def encode(self, observation: Observation) -> tf.Tensor:
        """Features of the state `[B, F]`; see the base class."""
        return super().encode(self.encoder(observation))


class PlainEnvironment(WrappedEnvironment):
    """An environment with its states, rules and truth, but without its own networks.

    Args:
        env: name of the environment, or `module:Class`.
        options: options of the constructor.
    """

    def __init__(self, env: str, options: Any = None) -> None:
        super().__init__(make_environment(env, options))

    def build_actor(self, config: Config) -> ConvolutionalActor:
        """Build the plain actor in the sizes of the configuration."""
        return ConvolutionalActor(
            self.action_space,
            self.observation_spec,
            # The environment's own networks may not use this size.
            max(config.actor.latent_dim, self.action_space.dim),
            config.actor.width,
            config.actor.depth,
            config.seed,
        )

    def build_critic(self, config: Config) -> ConvolutionalCritic:
        """Build the plain critic in the sizes of the configuration."""
        return ConvolutionalCritic(
            self.action_space,
            self.observation_spec,
            config.critic.width,
            config.critic.depth,
            config.seed + 1,
        )


class PlainKernel(ProductKernel):
    """The kernel densities by the mixture of TensorFlow Probability."""

    def log_density(self, points: tf.Tensor, supports: tf.Tensor, bandwidth: Any) -> tf.Tensor:
        """Log density `[..., M]`; see the base class."""
        return mixture_log_density(self, supports, points, bandwidth)


class _PlainObjective(FDivergenceObjective):
    """The objective with plain densities, and a proposal of one mixture and a uniform part."""

    def __init__(self, like: FDivergenceObjective, config: Config) -> None:
        settings = config.objective
        super().__init__(
            like.space,
            settings.divergence,
            settings.uniform_weight,
            settings.target_floor,
            settings.max_support_gradient,
        )
        self.kernel = PlainKernel(like.space)


def plain_config(config: Config, longer: int) -> Config:
    """Make the configuration of the plain recipe.

    Args:
        config: configuration of the default recipe; sizes, collection and the lengths of schedules
            stay.
        longer: factor of the number of steps. After the end of the schedules their last values
            stay.
    """
    values = _with_schedules_within(config_to_dict(config), longer)
    values["env"] = f"{__name__}:PlainEnvironment"
    values["env_options"] = {"env": config.env, "options": config.env_options}
    values["collect"]["until"] /= longer
    values["policy"]["num_candidates"] = 1
    values["policy"]["num_initial_candidates"] = 0
    values["trainer"] |= {"compile": False, "steps": longer * config.trainer.steps}
    return config_from_dict(values)


def _with_schedules_within(value: Any, longer: int) -> Any:
    if not isinstance(value, dict):
        return value
    shares = {name: value[name] / longer for name in ("begin", "finish") if name in value}
    return {name: _with_schedules_within(entry, longer) for name, entry in value.items()} | shares


def plain_trainer(config: Config) -> Trainer:
    """Make a trainer of a plain configuration with plain kernel densities."""
    trainer = build_trainer(config)
    trainer.learner.objective = _PlainObjective(trainer.learner.objective, config)
    return trainer
