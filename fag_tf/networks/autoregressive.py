"""The autoregressive actor: axis by axis, each action has an exact density.

A small network gives the density of an axis for a state and the earlier axes of the action. It is a
mixture of soft intervals, so the actor can jump from one piece of the feasible set to another. The
latent of the axis goes through the inverse of the distribution function. The map from latents to
actions is triangular and invertible: uniform latents are actions of exactly this density.
"""

from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.networks.base import Actor, Observation, flatten
from fag_tf.networks.soft_intervals import SoftIntervals, intervals_of
from fag_tf.spaces import ActionSpace, ArraySpec

__all__ = ["AutoregressiveActor"]

NUM_INTERVALS = 8


class AutoregressiveActor(Actor):
    """An actor with an exact density for observations that are small vectors.

    Before training, the actions are spread over the whole action space.

    Args:
        space: the action space.
        observation_spec: specification of the observations, which are joined in order of names.
        width: number of units in each hidden layer of an axis' network.
        depth: number of hidden layers of an axis' network.
        seed: seed of the initial weights.

    Attributes:
        latent_dim: A, one latent for each axis.
    """

    exact_density = True

    def __init__(
        self,
        space: ActionSpace,
        observation_spec: Mapping[str, ArraySpec],
        width: int,
        depth: int,
        seed: int,
    ) -> None:
        super().__init__(name="actor")
        self.space = space
        self.spec = dict(observation_spec)
        self.latent_dim = space.dim
        self._bounds = _float32_bounds(space)
        self.axes = [
            _AxisNetwork(width, depth, seed + 1009 * i, bool(space.periodic[i]), first=i == 0)
            for i in range(space.dim)
        ]

    def encode(self, observation: Observation) -> tuple[tf.Tensor, ...]:
        """What each axis' network needs of the state, `[B, width]` each; see the base class."""
        joined = flatten(observation, self.spec)
        return tuple(axis.of_state(joined) for axis in self.axes)

    def act(self, features: tuple[tf.Tensor, ...], latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`; see the base class."""
        share = 0.5 * (latent + 1.0)
        points: list[tf.Tensor] = []
        for i in range(self.space.dim):
            points.append(self._intervals(i, features, points).point_at(share[..., i]))
        return tf.clip_by_value(self.space.denormalise(tf.stack(points, axis=-1)), *self._bounds)

    def log_density(self, features: tuple[tf.Tensor, ...], actions: tf.Tensor) -> tf.Tensor:
        """Log density `[B, E]`; see the base class."""
        points = self._points(actions)
        each = [
            self._intervals(i, features, points[:i]).log_density(point)
            for i, point in enumerate(points)
        ]
        inside = (actions >= self.space.low) & (actions <= self.space.high) | self.space.periodic
        log_density = tf.add_n(each) - float(np.sum(np.log(self.space.half_range)))
        return tf.where(tf.reduce_all(inside, axis=-1), log_density, -np.inf)

    def latent_of(self, features: tuple[tf.Tensor, ...], actions: tf.Tensor) -> tf.Tensor:
        """The latents `[B, E, A]` for which `act` gives the actions `[B, E, A]`."""
        points = self._points(actions)
        shares = [
            self._intervals(i, features, points[:i]).share_below(point)
            for i, point in enumerate(points)
        ]
        return 2.0 * tf.stack(shares, axis=-1) - 1.0

    def _points(self, actions: tf.Tensor) -> list[tf.Tensor]:
        """The axes of actions `[B, E, A]` in half-ranges, each `[B, E]` within [-1, 1]."""
        x = self.space.normalise(actions)
        turned = tf.math.floormod(x + 1.0, 2.0) - 1.0
        return tf.unstack(
            tf.where(self.space.periodic, turned, tf.clip_by_value(x, -1.0, 1.0)), axis=-1
        )

    def _intervals(
        self, axis: int, features: tuple[tf.Tensor, ...], earlier: list[tf.Tensor]
    ) -> SoftIntervals:
        """The mixture on an axis for the points `[B, N]` of the earlier axes."""
        seen: list[tf.Tensor] = []
        for point, periodic in zip(earlier, self.space.periodic, strict=False):
            if periodic:
                seen += [tf.cos(np.pi * point), tf.sin(np.pi * point)]
            else:
                seen.append(point)
        return self.axes[axis](features[axis], tf.stack(seen, axis=-1) if seen else None)


class _AxisNetwork(keras.layers.Layer):
    """The network that gives the density of one axis.

    Its first layer is a sum of two: one of the state, which all points of a state share, and one of
    the earlier axes, which the first axis does not have.
    """

    def __init__(self, width: int, depth: int, seed: int, periodic: bool, first: bool) -> None:
        super().__init__(name="axis")
        self.periodic = periodic

        def layer(number: int, scale: float, bias: bool = True) -> keras.layers.Dense:
            start = keras.initializers.VarianceScaling(scale, seed=seed + 101 * number)
            return keras.layers.Dense(width, use_bias=bias, kernel_initializer=start)

        # The variances of the two parts add to that of one layer.
        self.of_state = layer(0, 2.0 if first else 1.0)
        self.of_earlier = None if first else layer(1, 1.0, bias=False)
        self.hidden = [layer(2 + i, 2.0) for i in range(depth - 1)]
        last = keras.initializers.VarianceScaling(0.05**2, seed=seed + 997)
        self.last = keras.layers.Dense(4 * NUM_INTERVALS, kernel_initializer=last, name="output")

    def call(self, state: tf.Tensor, earlier: tf.Tensor | None) -> SoftIntervals:
        """The mixture for parts of states `[B, width]` and earlier axes `[B, N, E]`."""
        hidden = state[:, None, :]
        if self.of_earlier is not None:
            hidden += self.of_earlier(earlier)
        hidden = tf.nn.silu(hidden)
        for layer in self.hidden:
            hidden = tf.nn.silu(layer(hidden))
        return intervals_of(self.last(hidden), self.periodic)


def _float32_bounds(space: ActionSpace) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The least and the greatest float32 action `[A]` within the space.

    A bound that float32 does not have would be rounded to a number beyond it, and the greatest
    number of a periodic axis lies below its upper bound, which is its lower bound again.
    """
    low, high = space.low.astype(np.float32), space.high.astype(np.float32)
    low = np.where(low < space.low, np.nextafter(low, np.float32(np.inf)), low)
    beyond = (high > space.high) | (space.periodic & (high >= space.high))
    return low, np.where(beyond, np.nextafter(high, np.float32(-np.inf)), high)
