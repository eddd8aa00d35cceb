"""Kernel densities, f-divergences and the surrogate, written as loops straight from the words.

Everything is double precision and in linear space where that is the plain way to say it.
"""

import math

import numpy as np
from scipy import integrate, special, stats


def kernel(space, point, centre, bandwidth):
    """One product kernel: scipy's normal and von Mises densities, per unit of each axis."""
    density = 1.0
    widths = np.broadcast_to(bandwidth, [space.dim])
    for axis, x, a, sigma in zip(space.axes, point, centre, widths, strict=True):
        if axis.periodic:
            radians = 2.0 * math.pi / axis.width
            kappa = 1.0 / (math.pi * sigma) ** 2
            density *= stats.vonmises.pdf(radians * (x - a), kappa) * radians
        else:
            density *= stats.norm.pdf(x, a, sigma * axis.half_range)
    return density


def kernel_score(space, point, centre, bandwidth):
    """Gradient of the log kernel with respect to its centre, `[A]`, by hand."""
    widths = np.broadcast_to(bandwidth, [space.dim])
    score = []
    for axis, x, a, sigma in zip(space.axes, point, centre, widths, strict=True):
        if axis.periodic:
            radians = 2.0 * math.pi / axis.width
            kappa = 1.0 / (math.pi * sigma) ** 2
            score.append(kappa * math.sin(radians * (x - a)) * radians)
        else:
            score.append((x - a) / (sigma * axis.half_range) ** 2)
    return np.array(score)


def differences(function, place, step=1e-6):
    """Gradient of a function of an array, by central differences."""
    place = np.asarray(place, float)
    gradient = np.zeros(place.shape)
    for index in np.ndindex(place.shape):
        there, back = place.copy(), place.copy()
        there[index] += step
        back[index] -= step
        gradient[index] = (function(there) - function(back)) / (2.0 * step)
    return gradient


def mixture(space, point, supports, bandwidth):
    """Even mixture of kernels at supports `[N, A]`."""
    total = 0.0
    for support in supports:
        total += kernel(space, point, support, bandwidth)
    return total / len(supports)


def defensive(space, point, supports, bandwidth, uniform_weight, wide=1.0, wide_weight=0.0):
    """The mixture with a wider one and a uniform component over the space."""
    inside = all(
        axis.periodic or axis.low <= x <= axis.high
        for axis, x in zip(space.axes, point, strict=True)
    )
    uniform = 1.0 / math.prod(axis.width for axis in space.axes) if inside else 0.0
    near = mixture(space, point, supports, bandwidth)
    far = mixture(space, point, supports, wide) if wide_weight else 0.0
    near_weight = 1.0 - uniform_weight - wide_weight
    return near_weight * near + wide_weight * far + uniform_weight * uniform


# w(t) = f(t) - t f'(t), each derived by hand from f as `tfp.vi` defines it. Where t = 0 the
# functions of log t are infinite, and so are they here.
WEIGHTS = {
    "amari_alpha": lambda t: -t,
    "arithmetic_geometric": lambda t: np.log1p(t) - 0.5 * np.log(t) + 0.5 * (1.0 - t),
    "chi_square": lambda t: -1.0 - t**2,
    "jeffreys": lambda t: 0.5 * (1.0 - t - np.log(t)),
    "jensen_shannon": lambda t: -np.log1p(t),
    "kl_forward": lambda t: -t,
    "kl_reverse": lambda t: 1.0 - np.log(t),
    "log1p_abs": lambda t: np.where(t > 1.0, -1.0, 2.0 / t - 1.0),
    "modified_gan": lambda t: np.log1p(1.0 / t) + 1.0 / (1.0 + t),
    "pearson": lambda t: 1.0 - t**2,
    "squared_hellinger": lambda t: 1.0 - np.sqrt(t),
    "total_variation": lambda t: 0.5 * np.sign(1.0 - t),
    "triangular": lambda t: (1.0 - t) * (1.0 + 3.0 * t) / (1.0 + t) ** 2,
}

# q f(p / q) as a function of both densities, so that neither may vanish unnoticed.
INTEGRANDS = {
    "amari_alpha": special.rel_entr,
    "arithmetic_geometric": lambda p, q: (p + q) * np.log((p + q) / np.sqrt(p * q)),
    "chi_square": lambda p, q: (p**2 - q**2) / q,
    "jeffreys": lambda p, q: 0.5 * (p - q) * np.log(p / q),
    "jensen_shannon": lambda p, q: special.rel_entr(p, p + q) + special.rel_entr(q, p + q),
    "kl_forward": special.rel_entr,
    "kl_reverse": lambda p, q: special.rel_entr(q, p),
    "log1p_abs": lambda p, q: np.where(p > q, p - q, q**2 / p - q),
    "modified_gan": lambda p, q: q * np.log1p(q / p),
    "pearson": lambda p, q: (p - q) ** 2 / q,
    "squared_hellinger": lambda p, q: (np.sqrt(p) - np.sqrt(q)) ** 2,
    "total_variation": lambda p, q: 0.5 * np.abs(p - q),
    "triangular": lambda p, q: (p - q) ** 2 / (p + q),
}


def divergence(name, grid, p, q):
    """D_f(p || q) in one dimension by Simpson's rule over densities on an even grid."""
    return integrate.simpson(INTEGRANDS[name](p, q), x=grid)


def divergence_gradient(name, space, grid, p, supports, bandwidth):
    """Gradient of D_f(p || q) with respect to supports `[N, 1]`, by central differences."""

    def value(moved):
        q = sum(kernel(space, [grid], support, bandwidth) for support in moved) / len(moved)
        return divergence(name, grid, p, q)

    return differences(value, supports, step=1e-4)


def surrogate(space, supports, samples, log_proposal, feasibility, bandwidth, divergences):
    """The surrogate of one state: its loss, its gradient `[N, A]` and the volume V.

    Args:
        space: the axes.
        supports: `[N, A]`.
        samples: `[M, A]`.
        log_proposal: log r at the samples `[M]`.
        feasibility: g at the samples `[M]`; samples outside the space are infeasible anyway.
        bandwidth: scalar or `[A]`.
        divergences: weight of each by its name.
    """
    target, proposal = [], []
    for point, log_r, g in zip(samples, log_proposal, feasibility, strict=True):
        outside = any(
            not axis.periodic and not axis.low <= x <= axis.high
            for axis, x in zip(space.axes, point, strict=True)
        )
        target.append(0.0 if outside else float(g))
        proposal.append(math.exp(log_r))
    volume = sum(g / r for g, r in zip(target, proposal, strict=True)) / len(samples)
    loss, gradient = 0.0, np.zeros(np.shape(supports))
    if volume == 0.0:
        return loss, gradient, volume
    densities, ratios, weights = [], [], []
    for point, r, g in zip(samples, proposal, target, strict=True):
        q = mixture(space, point, supports, bandwidth)
        t = g / volume / q
        densities.append(q)
        ratios.append(q / r)
        weights.append(sum(share * WEIGHTS[name](t) for name, share in divergences.items()))
    for j, point in enumerate(samples):
        # The weight is counted from its mean under q over the other samples.
        others = [k for k in range(len(samples)) if k != j]
        mean = sum(ratios[k] * weights[k] for k in others) / sum(ratios[k] for k in others)
        factor = ratios[j] * (weights[j] - mean) / len(samples)
        loss += factor * math.log(densities[j])
        for i, support in enumerate(supports):
            part = kernel(space, point, support, bandwidth) / (densities[j] * len(supports))
            gradient[i] += factor * part * kernel_score(space, point, support, bandwidth)
    return loss, gradient, volume
