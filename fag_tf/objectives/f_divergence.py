"""The surrogate loss whose gradient is that of an f-divergence from the target to the actor.

Supports a_i = pi(s, z_i) carry the gradient. Samples a*_j come from the proposal r, a wider
mixture around the same supports with a uniform component. With the kernel density q of the
supports and the target p = g / V, V estimated from the same samples, the loss is the mean of

    stop_gradient(q / r * (w(p / q) - c)) * log q(a*),

in log space throughout. Any c leaves the expectation as it is, since q integrates to 1; the mean
of w under q takes away nearly all variance once q is close to p, where w is constant.
Source: arXiv 2301.11461, equations of section "Gradient estimation";
weights w as `divergences` defines them.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp
from check_shapes import check_shapes

from fag_tf.errors import InputError
from fag_tf.objectives.divergences import WeightedDivergence
from fag_tf.objectives.kernels import ProductKernel
from fag_tf.objectives.mixtures import DefensiveMixture, KernelMixture
from fag_tf.spaces import ActionSpace

__all__ = ["FDivergenceObjective", "Surrogate"]


class Surrogate(NamedTuple):
    """What one evaluation of the objective gives.

    Attributes:
        loss: scalar; only its gradient has a meaning.
        log_volume: log V(s), `[B]`, in the axes' units; -inf where no sample was feasible.
        effective_samples: Kish's effective number of samples among the M for the target, `[B]`.
    """

    loss: tf.Tensor
    log_volume: tf.Tensor
    effective_samples: tf.Tensor


class FDivergenceObjective:
    """Estimates the gradient of D(p || q) for the actor's supports.

    Args:
        space: the axes of an action.
        divergences: names of the divergences that are summed.
        uniform_weight: share of proposal samples drawn evenly, see `propose`.
        wide_weight: share of those drawn from kernels of `wide_bandwidth` around the supports:
            once the kernels have narrowed, they still find pieces of the target beside the actor.
        wide_bandwidth: in half-ranges.
        scott_factor: kappa of `adapted`, 0 for bandwidths as they are given.
        max_support_gradient: bound on the gradient that reaches one support, in units of what a
            weight of 1 at a distance of one bandwidth gives it; infinite for none.
        target_floor: delta; the target is p ~ max(g, delta). Divergences that are infinite where
            p = 0 need it above 0.

    Raises:
        InputError: a divergence is unknown, or needs a target above 0 and delta is 0.
    """

    def __init__(
        self,
        space: ActionSpace,
        divergences: Mapping[str, object] | list[str],
        uniform_weight: float = 0.25,
        target_floor: float = 0.0,
        max_support_gradient: float = math.inf,
        wide_weight: float = 0.0,
        wide_bandwidth: float = 0.15,
        scott_factor: float = 0.0,
    ) -> None:
        if not 0.0 <= uniform_weight <= 1.0:
            raise InputError(f"uniform_weight is {uniform_weight}; it must be within [0, 1]")
        if not 0.0 <= wide_weight <= 1.0 - uniform_weight:
            raise InputError(
                f"wide_weight is {wide_weight}; it must be within [0, 1 - uniform_weight], "
                f"uniform_weight being {uniform_weight}"
            )
        if not 0.0 <= target_floor < 1.0:
            raise InputError(f"target_floor is {target_floor}; it must be within [0, 1)")
        self.space = space
        self.kernel = ProductKernel(space)
        self.divergence = WeightedDivergence(divergences)
        self.uniform_weight = uniform_weight
        self.wide_weight = wide_weight
        self.wide_bandwidth = wide_bandwidth
        self.max_support_gradient = max_support_gradient
        self.scott_factor = scott_factor
        if self.divergence.needs_positive_target and target_floor == 0.0:
            raise InputError(
                f"{', '.join(divergences)}: infinite where the target is 0; "
                "set target_floor above 0 (1e-3, say), or choose jensen_shannon or kl_forward"
            )
        self._log_floor = math.log(target_floor) if target_floor > 0.0 else -math.inf

    def adapted(self, supports: tf.Tensor, bandwidth: Any) -> tf.Tensor:
        """The bandwidth `[A]`, where Scott's rule asks for a wider one that.

        In many dimensions a narrow kernel sees nothing but the sample in its middle, and the
        density says nothing of where samples are missing. Source: Scott 1992, a product kernel.

        Args:
            supports: the actor's actions `[B, N, A]`; no gradient passes.
            bandwidth: scalar or `[A]`, in half-ranges.
        """
        given = self.kernel.bandwidth_per_axis(bandwidth)
        if not self.scott_factor:
            return given
        count = tf.cast(tf.shape(supports)[-2], tf.float32)
        factor = self.scott_factor * count ** (-1.0 / (self.space.dim + 4))
        return tf.maximum(given, factor * self.kernel.spread(tf.stop_gradient(supports)))

    def propose(
        self,
        supports: tf.Tensor,
        bandwidth: Any,
        num_samples: int,
        seed: tf.Tensor,
        uniform: tfp.distributions.Distribution | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Draw evaluation samples from the proposal r around the supports.

        Args:
            supports: the actor's actions `[B, N, A]`; no gradient passes.
            bandwidth: sigma', scalar or `[A]`, in half-ranges, at least the estimate's sigma.
            num_samples: M.
            seed: int32 `[2]`.
            uniform: of B states, even over a region of actions `[A]` that holds all feasible ones;
                by default over the whole action space.

        Returns:
            Samples `[B, M, A]` and log r `[B, M]`.
        """
        centres = tf.stop_gradient(supports)
        near = KernelMixture(self.space, centres, bandwidth, self.kernel)
        wide = None
        if self.wide_weight:
            wider = tf.maximum(bandwidth, self.wide_bandwidth)
            wide = KernelMixture(self.space, centres, wider, self.kernel)
        proposal = DefensiveMixture(near, self.uniform_weight, wide, self.wide_weight, uniform)
        drawn = proposal.sample(num_samples, seed=seed)
        return tf.stop_gradient(tf.transpose(drawn, [1, 0, 2])), tf.transpose(
            proposal.log_prob(drawn)
        )

    @check_shapes(
        "supports: [B, N, A]",
        "samples: [B, M, A]",
        "log_proposal: [B, M]",
        "log_feasibility: [B, M]",
    )
    def surrogate(
        self,
        supports: tf.Tensor,
        samples: tf.Tensor,
        log_proposal: tf.Tensor,
        log_feasibility: tf.Tensor,
        bandwidth: Any,
        weights: tf.Tensor,
    ) -> Surrogate:
        """The loss to minimise.

        Args:
            supports: actions of the actor, with its gradient.
            samples: where the target was looked up.
            log_proposal: log r at the samples.
            log_feasibility: log g at the samples, or the critic's log probability; -inf for 0.
                Samples outside the action space count as infeasible whatever it says.
            bandwidth: sigma, scalar or `[A]`, in half-ranges.
            weights: of the divergences, `[number of them]`.

        Returns:
            See `Surrogate`. A state none of whose samples was feasible has no gradient.
        """
        inside = tf.reduce_all(
            ((samples >= self.space.low) & (samples <= self.space.high)) | self.space.periodic,
            axis=-1,
        )
        log_target = tf.maximum(log_feasibility, self._log_floor)
        log_target = tf.where(inside, log_target, -math.inf)

        importance = log_target - log_proposal
        count = tf.cast(tf.shape(samples)[1], tf.float32)
        log_volume = tf.reduce_logsumexp(importance, axis=-1) - tf.math.log(count)
        effective = tf.exp(
            2.0 * tf.reduce_logsumexp(importance, axis=-1)
            - tf.reduce_logsumexp(2.0 * importance, axis=-1)
        )

        pulled = self.with_bounded_pull(supports, bandwidth)
        log_q = self.kernel.log_density(samples, pulled, bandwidth)
        fixed_log_q = tf.stop_gradient(log_q)
        found = tf.math.is_finite(log_volume)
        log_ratio = log_target - tf.where(found, log_volume, 0.0)[:, None] - fixed_log_q
        factor = self.divergence.weighted_ratio(log_ratio, fixed_log_q - log_proposal, weights)
        factor = _centred(factor, tf.exp(tf.minimum(fixed_log_q - log_proposal, 80.0)))
        per_sample = tf.where(found[:, None], tf.stop_gradient(factor) * log_q, 0.0)
        return Surrogate(
            loss=tf.reduce_mean(per_sample),
            log_volume=log_volume,
            effective_samples=tf.where(found, effective, 0.0),
        )

    def with_bounded_pull(self, supports: tf.Tensor, bandwidth: Any) -> tf.Tensor:
        """The supports, through which no gradient of a mean longer than the bound passes.

        A feasible sample far from all supports pulls at the nearest with its distance over the
        bandwidth squared, and a critic is steep at some boundaries: a few such outliers would
        drown the rest of the batch.

        Args:
            supports: `[B, N, A]`.
            bandwidth: sigma, scalar or `[A]`, in half-ranges.
        """
        if math.isinf(self.max_support_gradient):
            return supports
        sigma = self.kernel.bandwidth_per_axis(bandwidth)
        unit = sigma * self.space.half_range.astype("float32")
        count = tf.cast(tf.shape(supports)[0] * tf.shape(supports)[1], tf.float32)

        @tf.custom_gradient
        def bounded(x: tf.Tensor) -> Any:
            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                # In bandwidths, each support of B states and N samples has a share of 1 / (B N).
                scaled = upstream * unit * count
                return tf.clip_by_norm(scaled, self.max_support_gradient, axes=-1) / (unit * count)

            return tf.identity(x), gradient

        return bounded(supports)


def _centred(factor: tf.Tensor, ratio: tf.Tensor) -> tf.Tensor:
    """Q / r * (w - c) from q / r * w and q / r, both `[B, M]`.

    For each sample c is the mean of w under q over the *other* samples of its state: independent
    of the sample itself, it adds no bias.
    """
    others = tf.reduce_sum(factor, axis=-1, keepdims=True) - factor
    weight = tf.reduce_sum(ratio, axis=-1, keepdims=True) - ratio
    return factor - ratio * tf.math.divide_no_nan(others, weight)
