"""General actor and critic: multilayer perceptrons for observations that are small vectors."""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from fag_tf.networks.base import Actor, Critic, Observation, flatten, for_each
from fag_tf.spaces import ActionSpace, ArraySpec

__all__ = ["MLPActor", "MLPCritic", "mlp"]


def mlp(
    widths: Sequence[int], outputs: int, seed: int, final_scale: float = 1.0
) -> keras.Sequential:
    """Build a multilayer perceptron with SiLU activations.

    Args:
        widths: number of units in each hidden layer.
        outputs: number of outputs.
        seed: seed of the initial weights.
        final_scale: factor of the last layer's initial weights.
    """
    layers: list[keras.layers.Layer] = [
        keras.layers.Dense(
            width,
            activation="silu",
            kernel_initializer=keras.initializers.HeNormal(seed=seed + 101 * i),
        )
        for i, width in enumerate(widths)
    ]
    last = keras.initializers.VarianceScaling(max(final_scale, 1e-8) ** 2, seed=seed + 9973)
    layers.append(keras.layers.Dense(outputs, kernel_initializer=last, name="output"))
    return keras.Sequential(layers)


class MLPActor(Actor):
    """An actor for observations that are small vectors.

    Before training, the action is nearly the first A latents in half-ranges of the action space.

    Args:
        space: the action space.
        observation_spec: specification of the observations, which are joined in order of names.
        latent_dim: Z, at least A.
        width: number of units in each hidden layer.
        depth: number of hidden layers.
        seed: seed of the initial weights.
    """

    def __init__(
        self,
        space: ActionSpace,
        observation_spec: Mapping[str, ArraySpec],
        latent_dim: int,
        width: int,
        depth: int,
        seed: int,
    ) -> None:
        super().__init__(name="actor")
        self.space = space
        self.spec = dict(observation_spec)
        self.latent_dim = latent_dim
        self.body = mlp([width] * depth, space.dim, seed, final_scale=0.05)

    def encode(self, observation: Observation) -> tf.Tensor:
        """State features `[B, F]`; see the base class."""
        return flatten(observation, self.spec)

    def act(self, features: tf.Tensor, latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`; see the base class."""
        start = latent[..., : self.space.dim]
        each = for_each(features, tf.shape(latent)[1])
        change = self.body(tf.concat([each, latent], axis=-1))
        # On a bounded axis: tanh(atanh(z) + change), the identity for 0 and never beyond the ends.
        inner = 0.999 * start
        lifted = 0.5 * (tf.math.log(1.0 + inner) - tf.math.log(1.0 - inner))
        bounded = tf.tanh(lifted + change)
        turned = tf.math.floormod(start + change + 1.0, 2.0) - 1.0
        return self.space.denormalise(tf.where(self.space.periodic, turned, bounded))


class MLPCritic(Critic):
    """A critic for observations that are small vectors.

    Actions on periodic axes are embedded as points on circles.

    Args:
        space: the action space.
        observation_spec: specification of the observations, which are joined in order of names.
        width: number of units in each hidden layer.
        depth: number of hidden layers.
        seed: seed of the initial weights.
    """

    def __init__(
        self,
        space: ActionSpace,
        observation_spec: Mapping[str, ArraySpec],
        width: int,
        depth: int,
        seed: int,
    ) -> None:
        from fag_tf.objectives.kernels import ProductKernel

        super().__init__(name="critic")
        self.kernel = ProductKernel(space)
        self.spec = dict(observation_spec)
        self.body = mlp([width] * depth, 1, seed)

    def encode(self, observation: Observation) -> tf.Tensor:
        """State features `[B, F]`; see the base class."""
        return flatten(observation, self.spec)

    def logits(self, features: tf.Tensor, actions: tf.Tensor) -> tf.Tensor:
        """Logits `[B, E]`; see the base class."""
        each = for_each(features, tf.shape(actions)[1])
        return self.body(tf.concat([each, self.kernel.embed(actions)], axis=-1))[..., 0]
