"""The surrogate loss whose gradient is that of an f-divergence from the target to the actor.

The samples a*_j come from the proposal r, a wider mixture around the actor's actions with a uniform
component. The density of the actor's actions is q. The target is p = g / V, where V is estimated
from the samples. The loss is the mean of

    stop_gradient(q / r * (w(p / q) - c)) * log q(a*),

computed in log space. The expectation does not depend on c because q integrates to 1. As c, the
mean of w under q removes nearly all variance when q is close to p, because w is then constant.
`fag_tf.objectives.divergences` defines the weights w.

The loss needs q only as log q(a*), through which the gradient passes. It is interchangeable: the
kernel density of supports a_i = pi(s, z_i), which serves every actor, or the exact log density of
an actor that knows it.
Source: arXiv 2301.11461, equations of section "Gradient estimation".
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
from fag_tf.objectives.mixtures import ActionDistribution, Counts, DefensiveMixture, KernelMixture
from fag_tf.spaces import ActionSpace

__all__ = ["FDivergenceObjective", "Proposal", "Surrogate"]


class Surrogate(NamedTuple):
    """The result of one evaluation of the objective.

    Attributes:
        loss: scalar. Only its gradient has a meaning.
        log_volume: log V(s), `[B]`, in the units of the axes; -inf where no sample was feasible.
        effective_samples: Kish's effective sample size of the M samples for the target, `[B]`.
    """

    loss: tf.Tensor
    log_volume: tf.Tensor
    effective_samples: tf.Tensor


class Proposal(NamedTuple):
    """The proposal r in B states.

    Attributes:
        mixture: the distribution.
        counts: how many of the M samples come from each of its components.
    """

    mixture: DefensiveMixture
    counts: Counts

    def samples(self, seed: tf.Tensor) -> tf.Tensor:
        """Samples `[B, M, A]`, through which no gradient passes.

        Args:
            seed: int32 `[2]`.
        """
        return tf.transpose(tf.stop_gradient(self.mixture.draw(self.counts, seed)), [1, 0, 2])

    def log_density(self, samples: tf.Tensor, near: tf.Tensor | None = None) -> tf.Tensor:
        """Log r `[B, M]` of samples `[B, M, A]`, per product of the units of the axes.

        Args:
            samples: the samples.
            near: log density `[B, M]` of the component near the supports, if it is known.
        """
        value = tf.transpose(samples, [1, 0, 2])
        found = (
            self.mixture.log_prob(value)
            if near is None
            else self.mixture.log_prob_given(value, tf.transpose(near))
        )
        return tf.transpose(tf.stop_gradient(found))


class FDivergenceObjective:
    """Estimates the gradient of D(p || q) for the actor's density q.

    Args:
        space: the action space.
        divergences: names of the divergences in the weighted sum.
        uniform_weight: share of proposal samples from the uniform component; see `propose`.
        target_floor: delta; the target is p ~ max(g, delta). It must be above 0 for divergences
            that are infinite where p = 0.
        max_support_gradient: bound on the gradient of one support; infinite for no bound. The
            unit is the gradient from a weight of 1 at a distance of one bandwidth.
        wide_weight: share of proposal samples from kernels of `wide_bandwidth` around the
            supports. When sigma is small, these kernels still find target mass near the actor.
        wide_bandwidth: least bandwidth of the wide kernels, in half-ranges.
        scott_factor: kappa of `adapted`; 0 to use bandwidths as they are given.

    Raises:
        InputError: a divergence is unknown, a share is outside its range, or a divergence needs a
            target above 0 and delta is 0.
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
        """The larger of the given bandwidth and the bandwidth of Scott's rule, on each axis.

        In many dimensions a narrow kernel covers only its own support. The density then does not
        show where samples are missing. Source: Scott 1992, for a product kernel.

        Args:
            supports: the actor's actions `[B, N, A]`; no gradient passes through them.
            bandwidth: given bandwidth, scalar or `[A]`, in half-ranges.

        Returns:
            The bandwidth `[A]`, in half-ranges.
        """
        given = self.kernel.bandwidth_per_axis(bandwidth)
        if not self.scott_factor:
            return given
        count = tf.cast(tf.shape(supports)[-2], tf.float32)
        factor = self.scott_factor * count ** (-1.0 / (self.space.dim + 4))
        return tf.maximum(given, factor * self.kernel.spread(tf.stop_gradient(supports)))

    def proposal(
        self,
        supports: tf.Tensor,
        bandwidth: Any,
        num_samples: int,
        uniform: tfp.distributions.Distribution | None = None,
        near: ActionDistribution | None = None,
    ) -> "Proposal":
        """The proposal r around the supports.

        Args:
            supports: the actor's actions `[B, N, A]`; no gradient passes through them.
            bandwidth: sigma', scalar or `[A]`, in half-ranges, at least sigma of the density.
            num_samples: M.
            uniform: distribution of the uniform component, with batch shape `[B]` and event shape
                `[A]`. It must be uniform over a region that holds all feasible actions. By
                default it is uniform over the action space.
            near: what is drawn with the remaining share, batch shape `[B]`, event shape `[A]`: the
                exact distribution of the actor. By default these are kernels of `bandwidth`
                around the supports.
        """
        centres = tf.stop_gradient(supports)
        counts = Counts.of(num_samples, self.uniform_weight, self.wide_weight)
        near = near or KernelMixture(self.space, centres, bandwidth, self.kernel)
        wide = None
        if counts.wide:
            wider = tf.maximum(bandwidth, self.wide_bandwidth)
            wide = KernelMixture(self.space, centres, wider, self.kernel)
        shares = (counts.uniform / num_samples, wide, counts.wide / num_samples)
        return Proposal(DefensiveMixture(near, *shares, uniform), counts)

    def propose(
        self,
        supports: tf.Tensor,
        bandwidth: Any,
        num_samples: int,
        seed: tf.Tensor,
        uniform: tfp.distributions.Distribution | None = None,
        near: ActionDistribution | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Draw samples from the proposal r around the supports; see `proposal`.

        Returns:
            Samples `[B, M, A]` and their log r `[B, M]`, per product of the units of the axes.
        """
        proposal = self.proposal(supports, bandwidth, num_samples, uniform, near)
        samples = proposal.samples(seed)
        return samples, proposal.log_density(samples)

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
        """Compute the loss to minimise with the kernel density of supports as q.

        Args:
            supports: actions of the actor `[B, N, A]`, through which the gradient passes.
            samples: samples of the proposal `[B, M, A]`.
            log_proposal: log r of the samples `[B, M]`.
            log_feasibility: log g of the samples, or the critic's log probability, `[B, M]`; -inf
                for an infeasible sample. Samples outside the action space count as infeasible.
            bandwidth: sigma, scalar or `[A]`, in half-ranges.
            weights: weights of the divergences, `[number of divergences]`.

        Returns:
            The loss and its diagnostics. A state without a feasible sample has no gradient.
        """
        log_density = self.kernel_log_density(supports, samples, bandwidth)
        return self.surrogate_of(log_density, samples, log_proposal, log_feasibility, weights)

    def kernel_log_density(
        self, supports: tf.Tensor, samples: tf.Tensor, bandwidth: Any
    ) -> tf.Tensor:
        """Log of the kernel density of supports, the paper's estimate of q.

        Args:
            supports: actions of the actor `[B, N, A]`, through which the gradient passes, bounded
                as by `with_bounded_gradient`.
            samples: samples of the proposal `[B, M, A]`.
            bandwidth: sigma, scalar or `[A]`, in half-ranges.

        Returns:
            Log q of the samples `[B, M]`, per product of the units of the axes.
        """
        bounded = self.with_bounded_gradient(supports, bandwidth)
        return self.kernel.log_density(samples, bounded, bandwidth)

    @check_shapes(
        "log_density: [B, M]",
        "samples: [B, M, A]",
        "log_proposal: [B, M]",
        "log_feasibility: [B, M]",
    )
    def surrogate_of(
        self,
        log_density: tf.Tensor,
        samples: tf.Tensor,
        log_proposal: tf.Tensor,
        log_feasibility: tf.Tensor,
        weights: tf.Tensor,
    ) -> Surrogate:
        """Compute the loss to minimise with any density q.

        Args:
            log_density: log q of the samples `[B, M]`, through which the gradient passes, from
                `kernel_log_density` or `fag_tf.networks.base.Actor.log_density`. It may be -inf
                outside the action space.
            samples: samples of the proposal `[B, M, A]`.
            log_proposal: log r of the samples `[B, M]`.
            log_feasibility: log g of the samples, as in `surrogate`.
            weights: weights of the divergences, `[number of divergences]`.

        Returns:
            The loss and its diagnostics, as of `surrogate`.
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

        # Where q is 0, its logarithm must not meet a factor of 0.
        covered = tf.not_equal(log_density, -math.inf)
        log_q = tf.where(covered, log_density, 0.0)
        log_q_at = tf.stop_gradient(log_q)
        log_importance = tf.where(covered, log_q_at - log_proposal, -math.inf)
        found = tf.math.is_finite(log_volume)
        log_ratio = log_target - tf.where(found, log_volume, 0.0)[:, None] - log_q_at
        factor = self.divergence.weighted_ratio(log_ratio, log_importance, weights)
        factor = _centred(factor, tf.exp(tf.minimum(log_importance, 80.0)))
        per_sample = tf.where(found[:, None], tf.stop_gradient(factor) * log_q, 0.0)
        return Surrogate(
            loss=tf.reduce_mean(per_sample),
            log_volume=log_volume,
            effective_samples=tf.where(found, effective, 0.0),
        )

    def with_bounded_gradient(self, supports: tf.Tensor, bandwidth: Any) -> tf.Tensor:
        """The supports, with a bound on the gradient that passes back through each of them.

        A feasible sample far from all supports gives a gradient of its distance over the squared
        bandwidth. The gradient of a critic is large at some boundaries. Without a bound, a few
        such gradients would dominate the batch. The loss must be a mean over the supports.

        Args:
            supports: actions of the actor `[B, N, A]`.
            bandwidth: sigma, scalar or `[A]`, in half-ranges.

        Returns:
            The supports `[B, N, A]`, with equal values.
        """
        if math.isinf(self.max_support_gradient):
            return supports
        sigma = self.kernel.bandwidth_per_axis(bandwidth)
        unit = sigma * self.space.half_range.astype("float32")
        count = tf.cast(tf.shape(supports)[0] * tf.shape(supports)[1], tf.float32)

        @tf.custom_gradient
        def bounded(x: tf.Tensor) -> Any:
            def gradient(upstream: tf.Tensor) -> tf.Tensor:
                # In a mean over B states and N supports, each support has a share of 1 / (B N).
                scaled = upstream * unit * count
                return tf.clip_by_norm(scaled, self.max_support_gradient, axes=-1) / (unit * count)

            return tf.identity(x), gradient

        return bounded(supports)


def _centred(factor: tf.Tensor, ratio: tf.Tensor) -> tf.Tensor:
    """Q / r * (w - c) from q / r * w and q / r, both `[B, M]`.

    For each sample, c is the mean of w under q over the *other* samples of its state. This c is
    independent of the sample, so it adds no bias.
    """
    others = tf.reduce_sum(factor, axis=-1, keepdims=True) - factor
    weight = tf.reduce_sum(ratio, axis=-1, keepdims=True) - ratio
    return factor - ratio * tf.math.divide_no_nan(others, weight)
