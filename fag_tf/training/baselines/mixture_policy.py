"""A mixture of Gaussians, squashed into the action space: the policy class of soft actor-critic."""

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from fag_tf.networks.base import Actor, flatten
from fag_tf.networks.mlp import mlp
from fag_tf.spaces import ActionSpace, ArraySpec

__all__ = ["MixturePolicy"]

_LEAST_SCALE = 0.01
_GREATEST = 4.0
_TINY = 1e-7

tfd = tfp.distributions


class MixturePolicy(Actor):
    """Actions tanh(u) in half-ranges, where a network gives a Gaussian mixture for u.

    The Gaussians have diagonal covariances. A periodic axis is treated as a bounded axis. The first
    latent chooses a Gaussian. Two more latents for each axis give a normal random number (Box and
    Muller 1958).

    Args:
        space: the action space.
        observation_spec: specification of the observations.
        components: K, number of Gaussians; 1 for the policy of Haarnoja et al. 2018.
        width: number of units in each hidden layer.
        depth: number of hidden layers.
        seed: seed of the initial weights.
    """

    def __init__(
        self,
        space: ActionSpace,
        observation_spec: Mapping[str, ArraySpec],
        components: int,
        width: int,
        depth: int,
        seed: int,
    ) -> None:
        super().__init__(name="mixture_policy")
        self.space = space
        self.spec = dict(observation_spec)
        self.components = components
        self.latent_dim = 1 + 2 * space.dim
        self.body = mlp([width] * depth, components * (1 + 2 * space.dim), seed, final_scale=0.3)
        # The components start at different places, because equal ones would learn equally.
        spread = tf.random.stateless_uniform([components, space.dim], [seed, 5], -1.0, 1.0)
        self.offset = (spread if components > 1 else 0.0 * spread).numpy()

    def encode(self, observation: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, ...]:
        """Logits `[B, K]`, means and scales `[B, K, A]` of the Gaussians of u."""
        raw = self.body(flatten(observation, self.spec))
        dim = self.space.dim
        logits, place, scale = tf.split(
            tf.reshape(raw, [-1, self.components, 1 + 2 * dim]), [1, dim, dim], axis=-1
        )
        place = _GREATEST * tf.tanh((place + self.offset) / _GREATEST)
        scale = tf.nn.softplus(scale - 0.5) + _LEAST_SCALE
        return logits[..., 0], place, scale

    def act(self, features: tuple[tf.Tensor, ...], latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`; see the base class."""
        logits, place, scale = features
        unit = 0.5 * (latent + 1.0)
        ends = tf.cumsum(tf.nn.softmax(logits), axis=-1)[:, None, :-1]
        beyond = tf.cast(unit[..., :1] > ends, tf.float32)
        one, none = tf.ones_like(unit[..., :1]), tf.zeros_like(unit[..., :1])
        chosen = tf.concat([one, beyond], -1) - tf.concat([beyond, none], -1)
        radius, turn = tf.split(unit[..., 1:], 2, axis=-1)
        tail = tf.maximum(1.0 - radius, _TINY)
        normal = tf.sqrt(-2.0 * tf.math.log(tail)) * tf.cos(2.0 * math.pi * turn)
        return self.to_action(chosen @ place + (chosen @ scale) * normal)

    def mixture(self, observation: Mapping[str, tf.Tensor]) -> Any:
        """The distribution of u, batch shape `[B]`."""
        logits, place, scale = self.encode(observation)
        return tfd.MixtureSameFamily(
            tfd.Categorical(logits=logits), tfd.MultivariateNormalDiag(place, scale)
        )

    def to_action(self, u: tf.Tensor) -> tf.Tensor:
        """Convert u `[..., A]` to actions `[..., A]`."""
        return self.space.denormalise(tf.tanh(u))

    def component_samples(
        self, observation: Mapping[str, tf.Tensor], num_samples: int, seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Draw N samples of every component, so that gradients reach the mixture's weights.

        Args:
            observation: named tensors `[B, ...]`.
            num_samples: N.
            seed: seed of the draw.

        Returns:
            Actions `[B, N K, A]`; their log densities under the whole mixture `[B, N K]`, with
            respect to actions in half-ranges; and their weights `[B, N K]`, with a sum of 1.
        """
        mixture = self.mixture(observation)
        drawn = mixture.components_distribution.sample(num_samples, seed=seed)  # [N, B, K, A]
        drawn = tf.transpose(drawn, [1, 0, 2, 3])
        share = tf.nn.softmax(mixture.mixture_distribution.logits)[:, None, :] / num_samples
        weight = tf.broadcast_to(share, tf.shape(drawn)[:-1])
        count = num_samples * self.components
        u = tf.reshape(drawn, [-1, count, self.space.dim])
        log_prob = tf.transpose(mixture.log_prob(tf.transpose(u, [1, 0, 2])))
        squash = tfp.bijectors.Tanh().forward_log_det_jacobian(u, event_ndims=1)
        return self.to_action(u), log_prob - squash, tf.reshape(weight, [-1, count])
