"""Distributions over actions: kernel mixtures, exact densities, and what proposals mix of them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from fag_tf.objectives.kernels import ProductKernel
from fag_tf.spaces import ActionSpace

__all__ = [
    "ActionDistribution",
    "Counts",
    "DefensiveMixture",
    "ExactDistribution",
    "KernelMixture",
    "UniformActions",
]


class ActionDistribution(tfp.distributions.Distribution):
    """A distribution over actions, with event shape `[A]` and a batch of states `[B...]`."""

    def __init__(self, space: ActionSpace, parameters: dict[str, Any], name: str) -> None:
        self.space = space
        super().__init__(
            dtype=tf.float32,
            reparameterization_type=tfp.distributions.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: Any = None) -> dict[str, Any]:
        # No parameter is declared as a tensor; each subclass computes its own batch shape.
        return {}

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self.space.dim])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([self.space.dim], tf.int32)

    def _by_state(
        self, log_density: Callable[[tf.Tensor], tf.Tensor], value: tf.Tensor
    ) -> tf.Tensor:
        """Log densities `[..., B...]` of `value` `[..., B..., A]`.

        Sample axes come before batch axes, but `log_density` takes the points of a state together,
        from `[B..., P, A]` to `[B..., P]`.
        """
        batch = self.batch_shape_tensor()
        rank = len(self.batch_shape)
        lead = tf.shape(value)[: tf.maximum(tf.rank(value) - 1 - rank, 0)]
        points = tf.reshape(
            tf.broadcast_to(value, tf.concat([lead, batch, [self.space.dim]], 0)),
            tf.concat([[-1], batch, [self.space.dim]], 0),
        )
        points = tf.transpose(points, [*range(1, rank + 1), 0, rank + 1])
        density = log_density(points)
        density = tf.transpose(density, [rank, *range(rank)])
        return tf.reshape(density, tf.concat([lead, batch], 0))


class KernelMixture(ActionDistribution):
    """Mixture of product kernels with equal weights at the supports: the density of an actor.

    The batch shape is `[B...]`, the event shape `[A]`. Gradients of `log_prob` reach the supports
    and the bandwidth. Source: section "Gradient estimation" of arXiv 2301.11461.

    Args:
        space: the action space.
        supports: centres of the kernels `[B..., N, A]`, in the units of the axes.
        bandwidth: scalar or `[A]`, in half-ranges.
        kernel: kernel of `space`; a new `ProductKernel` if None.
        name: name of the distribution.
    """

    def __init__(
        self,
        space: ActionSpace,
        supports: Any,
        bandwidth: Any,
        kernel: ProductKernel | None = None,
        name: str = "KernelMixture",
    ) -> None:
        parameters = dict(locals())
        self.kernel = kernel or ProductKernel(space)
        self.supports = tf.convert_to_tensor(supports, tf.float32)
        self.bandwidth = tf.convert_to_tensor(bandwidth, tf.float32)
        super().__init__(space, parameters, name)

    def _batch_shape(self) -> tf.TensorShape:
        return self.supports.shape[:-2]

    def _batch_shape_tensor(self) -> tf.Tensor:
        return tf.shape(self.supports)[:-2]

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        return self._by_state(
            lambda points: self.kernel.log_density(points, self.supports, self.bandwidth), value
        )

    def _sample_n(self, n: Any, seed: Any = None) -> tf.Tensor:
        choose_seed, move_seed = tf.unstack(tfp.random.split_seed(seed, n=2))
        rank = len(self.batch_shape)
        count = tf.shape(self.supports)[-2]
        shape = tf.concat([self.batch_shape_tensor(), [n]], 0)
        chosen = tf.random.stateless_uniform(
            shape, choose_seed, maxval=count, dtype=tf.int32, alg="philox"
        )
        centres = tf.gather(self.supports, chosen, axis=-2, batch_dims=rank)
        moved = self.kernel.perturb(centres, self.bandwidth, move_seed)
        return tf.transpose(moved, [rank, *range(rank), rank + 1])


class ExactDistribution(ActionDistribution):
    """The distribution of an actor that knows its own density, for given states.

    The batch shape is `[B]`, the event shape `[A]`.

    Args:
        space: the action space.
        act: maps latents `[B, P, Z]`, uniform on [-1, 1], to the actor's actions `[B, P, A]`.
        log_density: maps actions `[B, P, A]` to the log density of `act`'s actions, `[B, P]`.
        latent_dim: Z.
        batch: B, an integer or a scalar tensor.
        name: name of the distribution.
    """

    def __init__(
        self,
        space: ActionSpace,
        act: Callable[[tf.Tensor], tf.Tensor],
        log_density: Callable[[tf.Tensor], tf.Tensor],
        latent_dim: int,
        batch: Any,
        name: str = "ExactDistribution",
    ) -> None:
        parameters = dict(locals())
        self._act = act
        self._log_density = log_density
        self._latent_dim = latent_dim
        self._states = batch
        super().__init__(space, parameters, name)

    def _batch_shape(self) -> tf.TensorShape:
        return tf.TensorShape([tf.get_static_value(tf.convert_to_tensor(self._states))])

    def _batch_shape_tensor(self) -> tf.Tensor:
        return tf.reshape(tf.cast(self._states, tf.int32), [1])

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        return self._by_state(self._log_density, value)

    def _sample_n(self, n: Any, seed: Any = None) -> tf.Tensor:
        shape = tf.stack([tf.cast(self._states, tf.int32), n, self._latent_dim])
        seed = tfp.random.sanitize_seed(seed)
        latent = tf.random.stateless_uniform(shape, seed, minval=-1.0, maxval=1.0, alg="philox")
        return tf.transpose(self._act(latent), [1, 0, 2])


class UniformActions(ActionDistribution):
    """The uniform distribution over the action space.

    Args:
        space: the action space.
        batch_shape: `[B...]`. All states have the same distribution.
        name: name of the distribution.
    """

    def __init__(
        self, space: ActionSpace, batch_shape: Any = (), name: str = "UniformActions"
    ) -> None:
        parameters = dict(locals())
        self._states = batch_shape
        super().__init__(space, parameters, name)

    def _batch_shape(self) -> tf.TensorShape:
        return tf.TensorShape(tf.get_static_value(tf.convert_to_tensor(self._states, tf.int32)))

    def _batch_shape_tensor(self) -> tf.Tensor:
        return tf.convert_to_tensor(self._states, tf.int32)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        inside = tf.reduce_all(
            ((value >= self.space.low) & (value <= self.space.high)) | self.space.periodic, axis=-1
        )
        return tf.where(inside, np.float32(-np.log(self.space.volume)), -np.inf)

    def _sample_n(self, n: Any, seed: Any = None) -> tf.Tensor:
        shape = tf.concat([[n], self.batch_shape_tensor(), [self.space.dim]], 0)
        share = tf.random.stateless_uniform(shape, seed, alg="philox")
        return tf.cast(self.space.low + share * self.space.width, tf.float32)


class Counts(NamedTuple):
    """How many samples of a `DefensiveMixture` come from each of its components."""

    uniform: int
    wide: int
    near: int

    @classmethod
    def of(cls, total: int, uniform_weight: float, wide_weight: float) -> "Counts":
        """Numbers nearest to these shares of a total; a share above 0 gives at least 1."""
        uniform = min(max(round(total * uniform_weight), int(uniform_weight > 0.0)), total)
        rest = total - uniform
        wide = min(max(round(total * wide_weight), int(wide_weight > 0.0)), rest)
        return cls(uniform, wide, rest - wide)


class DefensiveMixture(ActionDistribution):
    """A distribution near the actor's samples, wide kernels and a uniform component together.

    Every action that may be feasible has a density above 0. Regions without samples of the actor
    are still proposed, more often if they are near such samples. Importance weights stay bounded.
    Source: defensive importance sampling (Hesterberg 1995).

    Args:
        mixture: the distribution near the actor's samples, batch shape `[B...]`: a kernel mixture
            around them, or the actor's exact distribution.
        uniform_weight: share of the uniform component, in [0, 1].
        wide: a wide kernel mixture, batch shape `[B...]`; None to leave it out.
        wide_weight: share of the wide kernel mixture, in [0, 1 - uniform_weight].
        uniform: the uniform component, batch shape `[B...]`, which may cover only a part of the
            action space; uniform over the action space if None.
        name: name of the distribution.
    """

    def __init__(
        self,
        mixture: ActionDistribution,
        uniform_weight: Any,
        wide: KernelMixture | None = None,
        wide_weight: Any = 0.0,
        uniform: tfp.distributions.Distribution | None = None,
        name: str = "DefensiveMixture",
    ) -> None:
        parameters = dict(locals())
        self.mixture = mixture
        self.uniform_weight = tf.convert_to_tensor(uniform_weight, tf.float32)
        self.wide = wide
        self.wide_weight = tf.convert_to_tensor(0.0 if wide is None else wide_weight, tf.float32)
        self.uniform = uniform or UniformActions(mixture.space, mixture.batch_shape_tensor())
        super().__init__(mixture.space, parameters, name)

    def _batch_shape(self) -> tf.TensorShape:
        return self.mixture.batch_shape

    def _batch_shape_tensor(self) -> tf.Tensor:
        return self.mixture.batch_shape_tensor()

    def draw(self, counts: "Counts", seed: Any) -> tf.Tensor:
        """Samples `[n, B..., A]` of which each component gives a fixed number.

        If the weights are the components' shares of n, an importance-weighted mean over the samples
        is unbiased, as if they were drawn one by one, and varies less (Owen and Zhou 2000).
        Nothing is drawn that is not used.
        """
        uniform_seed, near_seed, wide_seed = tf.unstack(tfp.random.split_seed(seed, n=3))
        parts = [self.uniform.sample(counts.uniform, seed=uniform_seed)] if counts.uniform else []
        if counts.wide and self.wide is not None:
            parts.append(self.wide.sample(counts.wide, seed=wide_seed))
        if counts.near:
            parts.append(self.mixture.sample(counts.near, seed=near_seed))
        return tf.concat(parts, axis=0)

    def log_prob_given(self, value: tf.Tensor, near: tf.Tensor) -> tf.Tensor:
        """`log_prob` where the log density of `mixture` at the actions is known, `[..., B...]`."""
        rest = tf.maximum(1.0 - self.uniform_weight - self.wide_weight, 0.0)
        density = near + tf.math.log(rest)
        if self.wide is not None:
            wide = self.wide.log_prob(value) + tf.math.log(self.wide_weight)
            density = tfp.math.log_add_exp(density, wide)
        uniform = self.uniform.log_prob(value) + tf.math.log(self.uniform_weight)
        inside = tf.math.is_finite(uniform)
        return tf.where(inside, tfp.math.log_add_exp(density, uniform), density)

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        return self.log_prob_given(value, self.mixture.log_prob(value))

    def _sample_n(self, n: Any, seed: Any = None) -> tf.Tensor:
        choose_seed, uniform_seed, kernel_seed, wide_seed = tf.unstack(
            tfp.random.split_seed(seed, n=4)
        )
        shape = tf.concat([[n], self.batch_shape_tensor()], 0)
        drawn = self.mixture.sample(n, seed=kernel_seed)
        choice = tf.random.stateless_uniform(shape, choose_seed, alg="philox")[..., None]
        if self.wide is not None:
            wide = self.wide.sample(n, seed=wide_seed)
            drawn = tf.where(choice < self.uniform_weight + self.wide_weight, wide, drawn)
        anywhere = self.uniform.sample(n, seed=uniform_seed)
        return tf.where(choice < self.uniform_weight, anywhere, drawn)
