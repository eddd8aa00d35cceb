"""The product kernel: Gaussian on bounded axes, von Mises on periodic axes.

A periodic axis is embedded as a circle whose circumference is the length of the axis. The squared
exponential of a chord of this circle is the von Mises kernel. The kernel on the whole space is
therefore one squared exponential of embedded coordinates, and one matrix product gives all
distances between two sets of actions.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf
from check_shapes import check_shapes

from fag_tf.objectives.kernel_sums import log_sum_of_kernels
from fag_tf.spaces import ActionSpace

__all__ = ["ProductKernel"]


class ProductKernel:
    """Normalised product kernel over an action space; bandwidths are in half-ranges.

    Args:
        space: the action space. Densities are per product of the units of its axes.
    """

    def __init__(self, space: ActionSpace) -> None:
        self.space = space
        # NumPy, not tensors: an exported graph must hold them as constants, not as captures.
        self._centre = space.centre.astype(np.float32)
        self._half_range = space.half_range.astype(np.float32)
        self._bounded = np.flatnonzero(~space.periodic)
        self._periodic = np.flatnonzero(space.periodic)

    @property
    def embedded_dim(self) -> int:
        """Number of embedded coordinates: one for a bounded axis, two for a periodic one."""
        return len(self._bounded) + 2 * len(self._periodic)

    @check_shapes("actions: [batch..., A]", "return: [batch..., D]")
    def embed(self, actions: tf.Tensor) -> tf.Tensor:
        """Embed actions `[batch..., A]` as coordinates `[batch..., D]` in half-ranges.

        The coordinates of bounded axes come first. On the circle of a periodic axis, the arc length
        is the distance of two actions.
        """
        coordinates = (actions - self._centre) / self._half_range
        bounded = tf.gather(coordinates, self._bounded, axis=-1)
        angle = math.pi * tf.gather(coordinates, self._periodic, axis=-1)
        return tf.concat([bounded, tf.cos(angle) / math.pi, tf.sin(angle) / math.pi], axis=-1)

    def bandwidth_per_axis(self, bandwidth: Any) -> tf.Tensor:
        """Broadcast a bandwidth, scalar or `[A]`, to `[A]`."""
        return tf.broadcast_to(tf.convert_to_tensor(bandwidth, tf.float32), [self.space.dim])

    @check_shapes("actions: [batch..., N, A]", "return: [A]")
    def spread(self, actions: tf.Tensor) -> tf.Tensor:
        """Standard deviation of N actions on each axis, `[A]`, in half-ranges.

        It is the root of the variance averaged over the states. On a periodic axis the variance is
        that of the points on the circle.
        """
        variance = tf.math.reduce_variance(self.embed(actions), axis=-2)
        variance = tf.reduce_mean(tf.reshape(variance, [-1, self.embedded_dim]), axis=0)
        bounded, cosine, sine = tf.split(
            variance, [len(self._bounded), len(self._periodic), len(self._periodic)]
        )
        places = np.argsort(np.concatenate([self._bounded, self._periodic]))
        return tf.sqrt(tf.gather(tf.concat([bounded, cosine + sine], 0), places))

    def log_normaliser(self, bandwidth: Any) -> tf.Tensor:
        """Log of the kernel's integral, scalar. A bounded axis is integrated without ends."""
        sigma = self.bandwidth_per_axis(bandwidth)
        on_line = tf.gather(sigma * self._half_range, self._bounded) * math.sqrt(2.0 * math.pi)
        concentration = tf.square(math.pi * tf.gather(sigma, self._periodic)) ** -1
        width = 2.0 * self._half_range[self._periodic]
        # The integral is width * exp(-concentration) * I0(concentration); i0e is exp(-|x|) I0(x).
        on_circle = width * tf.math.bessel_i0e(concentration)
        return tf.reduce_sum(tf.math.log(on_line)) + tf.reduce_sum(tf.math.log(on_circle))

    def bandwidth_per_coordinate(self, bandwidth: Any) -> tf.Tensor:
        """The bandwidth of each embedded coordinate `[D]`, from a scalar or `[A]`."""
        sigma = self.bandwidth_per_axis(bandwidth)
        periodic = tf.gather(sigma, self._periodic)
        return tf.concat([tf.gather(sigma, self._bounded), periodic, periodic], axis=0)

    def _scaled(self, actions: tf.Tensor, bandwidth: Any) -> tf.Tensor:
        return self.embed(actions) / self.bandwidth_per_coordinate(bandwidth)

    @check_shapes("points: [batch..., M, A]", "supports: [batch..., N, A]", "return: [batch..., M]")
    def log_density(self, points: tf.Tensor, supports: tf.Tensor, bandwidth: Any) -> tf.Tensor:
        """Log of the kernel density q at points, with equal weights of the supports.

        Args:
            points: actions at which the density is computed, `[batch..., M, A]`.
            supports: centres of the kernels, `[batch..., N, A]`.
            bandwidth: scalar or `[A]`, in half-ranges.

        Returns:
            Log density `[batch..., M]`, per product of the units of the axes.
        """
        x = self._scaled(points, bandwidth)
        y = self._scaled(supports, bandwidth)
        total = log_sum_of_kernels(x, y)
        count = tf.cast(tf.shape(supports)[-2], tf.float32)
        return total - tf.math.log(count) - self.log_normaliser(bandwidth)

    def perturb(self, actions: tf.Tensor, bandwidth: Any, seed: tf.Tensor) -> tf.Tensor:
        """Draw one action from the kernel around each action.

        Args:
            actions: centres of the kernels, `[..., A]`.
            bandwidth: scalar or `[A]`, in half-ranges.
            seed: int32 `[2]`, for stateless random numbers.

        Returns:
            Actions `[..., A]`. A value may lie beyond the ends of a bounded axis. Values on a
            periodic axis are not wrapped.
        """
        import tensorflow_probability as tfp

        sigma = self.bandwidth_per_axis(bandwidth)
        seeds = tf.unstack(tfp.random.split_seed(seed, n=self.space.dim))
        moved = []
        for i, axis in enumerate(self.space.axes):
            shape = tf.shape(actions)[:-1]
            if axis.periodic:
                # The angle of the draw always has period 2 pi; it is scaled to the axis.
                angle = tfp.distributions.VonMises(0.0, tf.square(math.pi * sigma[i]) ** -1)
                step = angle.sample(shape, seed=seeds[i]) * axis.half_range / math.pi
            else:
                step = tf.random.stateless_normal(shape, seeds[i], alg="philox")
                step *= sigma[i] * axis.half_range
            moved.append(actions[..., i] + step)
        return tf.stack(moved, axis=-1)
