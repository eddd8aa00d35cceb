"""The product kernel on a mixed action space: Gaussian on bounded axes, von Mises on periodic ones.

A periodic axis is embedded as a circle whose circumference is the axis's length. There the
squared exponential of the chord is the von Mises kernel, so the kernel on the whole space is one
squared exponential of embedded coordinates, and all distances between two sets are one matrix
product.
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
        space: the axes. Densities are per product of their units.
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
        """Embedded coordinates in half-ranges; on a circle, arc length is distance."""
        coordinates = (actions - self._centre) / self._half_range
        bounded = tf.gather(coordinates, self._bounded, axis=-1)
        angle = math.pi * tf.gather(coordinates, self._periodic, axis=-1)
        return tf.concat([bounded, tf.cos(angle) / math.pi, tf.sin(angle) / math.pi], axis=-1)

    def bandwidth_per_axis(self, bandwidth: Any) -> tf.Tensor:
        """A scalar or `[A]` bandwidth as `[A]`."""
        return tf.broadcast_to(tf.convert_to_tensor(bandwidth, tf.float32), [self.space.dim])

    @check_shapes("actions: [batch..., N, A]", "return: [A]")
    def spread(self, actions: tf.Tensor) -> tf.Tensor:
        """Standard deviation of N actions on each axis in half-ranges, its root mean over states.

        On a periodic axis that of the points on the circle.
        """
        variance = tf.math.reduce_variance(self.embed(actions), axis=-2)
        variance = tf.reduce_mean(tf.reshape(variance, [-1, self.embedded_dim]), axis=0)
        bounded, cosine, sine = tf.split(
            variance, [len(self._bounded), len(self._periodic), len(self._periodic)]
        )
        places = np.argsort(np.concatenate([self._bounded, self._periodic]))
        return tf.sqrt(tf.gather(tf.concat([bounded, cosine + sine], 0), places))

    def log_normaliser(self, bandwidth: Any) -> tf.Tensor:
        """Log of the kernel's integral over the axes, scalar. A bounded axis counts as endless."""
        sigma = self.bandwidth_per_axis(bandwidth)
        on_line = tf.gather(sigma * self._half_range, self._bounded) * math.sqrt(2.0 * math.pi)
        concentration = tf.square(math.pi * tf.gather(sigma, self._periodic)) ** -1
        width = 2.0 * self._half_range[self._periodic]
        # Of width * exp(-concentration) * I0(concentration); i0e is I0 so scaled.
        on_circle = width * tf.math.bessel_i0e(concentration)
        return tf.reduce_sum(tf.math.log(on_line)) + tf.reduce_sum(tf.math.log(on_circle))

    def bandwidth_per_coordinate(self, bandwidth: Any) -> tf.Tensor:
        """A scalar or `[A]` bandwidth as that of each embedded coordinate `[D]`."""
        sigma = self.bandwidth_per_axis(bandwidth)
        periodic = tf.gather(sigma, self._periodic)
        return tf.concat([tf.gather(sigma, self._bounded), periodic, periodic], axis=0)

    def _scaled(self, actions: tf.Tensor, bandwidth: Any) -> tf.Tensor:
        return self.embed(actions) / self.bandwidth_per_coordinate(bandwidth)

    @check_shapes("points: [batch..., M, A]", "supports: [batch..., N, A]", "return: [batch..., M]")
    def log_density(self, points: tf.Tensor, supports: tf.Tensor, bandwidth: Any) -> tf.Tensor:
        """Kernel density estimate log q(points) of the even mixture over the supports.

        Args:
            points: where the density is wanted.
            supports: centres of the kernels.
            bandwidth: scalar or `[A]`, in half-ranges.

        Returns:
            log density, per product of the axes' units.
        """
        x = self._scaled(points, bandwidth)
        y = self._scaled(supports, bandwidth)
        total = log_sum_of_kernels(x, y)
        count = tf.cast(tf.shape(supports)[-2], tf.float32)
        return total - tf.math.log(count) - self.log_normaliser(bandwidth)

    def perturb(self, actions: tf.Tensor, bandwidth: Any, seed: tf.Tensor) -> tf.Tensor:
        """One draw from the kernel around each action `[..., A]`.

        Args:
            actions: centres.
            bandwidth: scalar or `[A]`, in half-ranges.
            seed: int32 `[2]`, of a stateless draw.

        Returns:
            `[..., A]`; a bounded axis may be left at either end, a periodic one is not wrapped.
        """
        import tensorflow_probability as tfp

        sigma = self.bandwidth_per_axis(bandwidth)
        seeds = tf.unstack(tfp.random.split_seed(seed, n=self.space.dim))
        moved = []
        for i, axis in enumerate(self.space.axes):
            shape = tf.shape(actions)[:-1]
            if axis.periodic:
                # The draw's own angle has period 2 pi whatever the axis's is.
                angle = tfp.distributions.VonMises(0.0, tf.square(math.pi * sigma[i]) ** -1)
                step = angle.sample(shape, seed=seeds[i]) * axis.half_range / math.pi
            else:
                step = tf.random.stateless_normal(shape, seeds[i], alg="philox")
                step *= sigma[i] * axis.half_range
            moved.append(actions[..., i] + step)
        return tf.stack(moved, axis=-1)
