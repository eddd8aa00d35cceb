"""Nearest points of a box cut by a half-space, by an ellipsoid as well, or by an ellipse.

By the optimality conditions, the nearest point is a known function of one multiplier for each
constraint. The multiplier of the half-space is found exactly, since the sum that it bounds is
piecewise linear; those of an ellipsoid and of an ellipse by halving intervals.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["onto_ellipse", "onto_half_space", "onto_half_space_and_ellipsoid"]

_FEW = 32

Array = NDArray[np.float64]


def onto_half_space(
    points: Array, normal: Array, bound: Array, low: float, stiffness: "Array | float" = 1.0
) -> Array:
    """The nearest x to each point with sum(normal x) <= bound and low <= x <= 1.

    Exactly, it is the x with the least sum of stiffness x^2 / 2 - point x.

    Args:
        points: points `[..., A]`.
        normal: `[..., A]`.
        bound: `[...]`, greater than the least sum that the box allows.
        low: lower end of the box on each axis.
        stiffness: positive, `[..., A]` or one for all; 1 for the nearest point. It may have more
            axes in front than the points.

    Returns:
        Points of the shape of points and stiffness together.
    """
    stiffness = np.asarray(stiffness, np.float64)
    shape = np.broadcast_shapes(points.shape, stiffness.shape)
    points, normal = np.broadcast_to(points, shape), np.broadcast_to(normal, shape)
    safe = np.where(normal != 0.0, normal, 1.0)
    ends = [np.where(normal != 0.0, (points - stiffness * end) / safe, 0.0) for end in (low, 1.0)]
    # Between these multipliers, the sum is linear. It never rises.
    corners = np.sort(np.maximum(np.concatenate(ends, axis=-1), 0.0), axis=-1)
    corners = np.concatenate([np.zeros_like(corners[..., :1]), corners], axis=-1)
    stiff = np.broadcast_to(stiffness, shape)[..., None, :]
    at_corners = np.clip(
        (points[..., None, :] - corners[..., None] * normal[..., None, :]) / stiff, low, 1.0
    )
    excess = np.sum(normal[..., None, :] * at_corners, axis=-1) - bound[..., None]
    after = np.argmax(excess <= 0.0, axis=-1)[..., None]
    before = np.maximum(after - 1, 0)
    (begin, end), (more, less) = (
        [np.take_along_axis(values, index, axis=-1) for index in (before, after)]
        for values in (corners, excess)
    )
    fall = more - less
    share = np.where(after > 0, more / np.where(fall > 0.0, fall, 1.0), 0.0)
    multiplier = begin + share * (end - begin)
    nearest: Array = np.clip((points - multiplier * normal) / stiffness, low, 1.0)
    return nearest


def onto_half_space_and_ellipsoid(
    points: Array, normal: Array, bound: Array, weights: Array, size: float
) -> Array:
    """The nearest x to each point with sum(normal x) <= bound, sum(weights x^2) <= size, in [0, 1].

    Args:
        points: points `[..., A]`, not below 0.
        normal: not below 0, `[..., A]`.
        bound: positive, `[...]`.
        weights: not below 0, `[..., A]`.
        size: positive.

    Returns:
        Points `[..., A]`.
    """

    def at(multiplier: Array) -> Array:
        return onto_half_space(points, normal, bound, 0.0, 1.0 + multiplier[..., None] * weights)

    def fits(nearest: Array) -> NDArray[np.bool_]:
        kept: NDArray[np.bool_] = np.sum(weights * nearest * nearest, axis=-1) <= size
        return kept

    # weight / (1 + multiplier weight)^2 is at most 1 / (4 multiplier), so this one is enough.
    enough = np.sum(points * points, axis=-1) / (4.0 * size)
    return at(_least_multiplier(lambda multipliers: fits(at(multipliers)), enough))


def onto_ellipse(points: Array, matrix: Array, size: float) -> Array:
    """The nearest x to each point with x' matrix x <= size and -1 <= x <= 1, in two dimensions.

    Args:
        points: points `[..., 2]`.
        matrix: symmetric and positive semidefinite, `[..., 2, 2]`.
        size: positive.

    Returns:
        Points `[..., 2]`.
    """

    def at(multiplier: Array) -> Array:
        stiffness = np.eye(2) + multiplier[..., None, None] * matrix
        return _least_in_square(points, stiffness)

    def fits(multiplier: Array) -> NDArray[np.bool_]:
        x = at(multiplier)
        kept: NDArray[np.bool_] = np.einsum("...i,...ij,...j->...", x, matrix, x) <= size
        return kept

    # To scale x down does not help, so x'x + multiplier x' matrix x <= point . x, and from there
    # x' matrix x <= |point|^2 / (4 multiplier).
    enough = np.sum(points * points, axis=-1) / (4.0 * size)
    return at(_least_multiplier(fits, enough))


def _least_multiplier(fits: Callable[[Array], NDArray[np.bool_]], enough: Array) -> Array:
    """The least multipliers `[...]` from 0 to `enough` that fit, to a 2^-40th of that.

    All greater ones fit as well. `fits` takes multipliers `[S, ...]`.
    """
    # Of a few problems, trying many multipliers at once takes little longer than trying one.
    sections, rounds = (32, 8) if enough.size <= _FEW else (2, 40)
    shares = np.linspace(0.0, 1.0, sections + 1).reshape(-1, *(1,) * enough.ndim)
    least = np.zeros_like(enough)
    greatest = np.where(fits(least[None])[0], 0.0, enough)
    for _ in range(rounds):
        tried = (1.0 - shares) * least + shares * greatest
        wrong = np.sum(~fits(tried[1:-1]), axis=0)[None]
        least = np.take_along_axis(tried, wrong, axis=0)[0]
        greatest = np.take_along_axis(tried, wrong + 1, axis=0)[0]
    return greatest


def _least_in_square(points: Array, stiffness: Array) -> Array:
    """The x in [-1, 1]^2 with the least x' stiffness x / 2 - point . x, `[..., 2]`.

    It lies inside, or on one of the four edges, where the problem is one of a single number.
    """
    points = np.broadcast_to(points, stiffness.shape[:-1])
    inside = np.linalg.solve(stiffness, points[..., None])[..., 0]
    candidates = [np.clip(inside, -1.0, 1.0)]
    for fixed, free in ((0, 1), (1, 0)):
        for edge in (-1.0, 1.0):
            best = (points[..., free] - stiffness[..., 0, 1] * edge) / stiffness[..., free, free]
            x = np.empty_like(points)
            x[..., fixed], x[..., free] = edge, np.clip(best, -1.0, 1.0)
            candidates.append(x)
    tried = np.stack(candidates)
    bent = np.einsum("k...i,...ij,k...j->k...", tried, stiffness, tried)
    value = 0.5 * bent - np.sum(points * tried, axis=-1)
    chosen = np.argmin(value, axis=0)[None, ..., None]
    least: Array = np.take_along_axis(tried, chosen, axis=0)[0]
    return least
