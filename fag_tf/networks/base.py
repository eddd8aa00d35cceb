"""The contracts of actor and critic."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from fag_tf.spaces import ArraySpec

__all__ = [
    "Actor",
    "Critic",
    "as_tensors",
    "flatten",
    "for_each",
    "weights_of",
]

Observation = Mapping[str, tf.Tensor]


class Actor(keras.layers.Layer):
    """pi(s, z): what a subclass must give.

    The batch axis B is states, N is samples of a state. `encode` is called once a state and may
    return any structure of tensors; `act` turns it and latents `[B, N, Z]`, uniform on [-1, 1],
    into actions `[B, N, A]` in the units of the action space. Sample n must depend on the state
    and on latent n alone. At its start an actor should spread its samples over the whole space.
    One that refines its actions step by step, from initial actions that are spread evenly, says so
    in `refines`. It gives `initial_actions`, `trajectory`, `stop_logits`, `log_density_ratio` and
    perhaps `initial_distribution` too.

    Attributes:
        latent_dim: Z.
        jitter_dim: further columns of the latent that are there only while the actor learns, for
            noise inside it; without them `act` is deterministic.
        refines: whether it has steps.
        fused: whether a compiler fuses small operations. `Policy` clears it where it traces what
            is exported, which is run operation by operation: then few large ones are faster.
    """

    latent_dim: int
    jitter_dim: int = 0
    refines: bool = False
    fused: bool = True

    def build(self, *_: Any) -> None:
        """Nothing: its layers make their weights when it is first called."""
        self.built = True

    def encode(self, observation: Observation) -> Any:
        """State features from named tensors `[B, ...]`."""
        raise NotImplementedError

    def act(self, features: Any, latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]` for latents `[B, N, Z]`."""
        raise NotImplementedError

    def initial_distribution(self, features: Any) -> tfp.distributions.Distribution | None:
        """Where its samples begin: even over a region that holds all feasible actions `[A]`.

        The proposal's uniform part is drawn from it. None for the whole action space.
        """
        del features
        return None

    def initial_actions(self, features: Any, latent: tf.Tensor) -> tf.Tensor:
        """The first actions `[B, N, A]` of `trajectory` for latents `[B, N, Z]`."""
        raise NotImplementedError

    def trajectory(self, features: Any, latent: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The actions that it passes through, its own the last of them, and where it would stop.

        Returns:
            Actions `[B, N, S, A]`, and for each but the last the logit that it is feasible,
            `[B, N, S - 1]`. A sample goes no farther than to the first that it is confident of.
        """
        actions = self.act(features, latent)[:, :, None]
        return actions, tf.zeros_like(actions[:, :, 1:, 0])

    def stop_logits(self, features: Any, path: tf.Tensor) -> tf.Tensor:
        """The same logits `[B, N, S - 1]` for given actions `[B, N, S, A]`, to be learnt."""
        del features
        return tf.zeros_like(path[:, :, 1:, 0])

    def log_density_ratio(self, features: Any, actions: tf.Tensor) -> tf.Tensor:
        """How much denser samples end at actions `[B, E, A]` than they begin there, `[B, E]`.

        The logarithm of the ratio of the two densities, to be learnt; 0 of an actor that cannot
        tell, for which its samples count as even.
        """
        del features
        return tf.zeros_like(actions[..., 0])

    def call(self, observation: Observation, latent: tf.Tensor) -> tf.Tensor:
        """`act` on `encode`."""
        return self.act(self.encode(observation), latent)


class Critic(keras.layers.Layer):
    """C(s, a): what a subclass must give; `encode` and `fused` as for `Actor`."""

    fused: bool = True

    def build(self, *_: Any) -> None:
        """Nothing: its layers make their weights when it is first called."""
        self.built = True

    def encode(self, observation: Observation) -> Any:
        """State features from named tensors `[B, ...]`."""
        raise NotImplementedError

    def logits(self, features: Any, actions: tf.Tensor) -> tf.Tensor:
        """Logit of "feasible", `[B, E]`, for actions `[B, E, A]`."""
        raise NotImplementedError

    def guidance_logits(self, features: Any, actions: tf.Tensor) -> tf.Tensor:
        """Logit `[B, E]` that the actor learns on.

        `logits` itself, unless a critic has a second opinion that looks at what the actor can
        follow: where the verdict turns on finer detail, it makes the actor restless.
        """
        return self.logits(features, actions)

    def all_logits(self, features: Any, actions: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """All logits `[B, E]` that learn from experience, `logits` the first of them."""
        return (self.logits(features, actions),)

    def call(self, observation: Observation, actions: tf.Tensor) -> tf.Tensor:
        """`logits` on `encode`."""
        return self.logits(self.encode(observation), actions)


def as_tensors(observation: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """The same observations as tensors."""
    return {name: tf.constant(np.asarray(array)) for name, array in observation.items()}


def flatten(observation: Observation, spec: Mapping[str, ArraySpec]) -> tf.Tensor:
    """All that is observed as one row of numbers a state `[B, F]`, in the order of the names."""
    parts = []
    for name in sorted(spec):
        tensor = tf.cast(observation[name], tf.float32)
        parts.append(tf.reshape(tensor, [tf.shape(tensor)[0], -1]))
        parts[-1].set_shape([None, max(1, _size(spec[name].shape))])
    return tf.concat(parts, axis=-1)


def _size(shape: Sequence[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def for_each(features: tf.Tensor, count: Any) -> tf.Tensor:
    """State features `[B, F]` once for each of N actions, `[B, N, F]`."""
    shape = [tf.shape(features)[0], count, features.shape[-1]]
    return tf.broadcast_to(features[:, None, :], shape)


def weights_of(network: Actor | Critic) -> list[tf.Variable]:
    """Its trainable weights in order. A network has them once it has been called."""
    return [variable.value for variable in network.trainable_variables]
