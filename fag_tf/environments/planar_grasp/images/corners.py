"""Corners of an outline that was traced in a blurred picture, made sharp again.

A lens and pixels of a finite size blur a picture. The line where pixels are half covered then cuts
across a corner on its inner side, and a pad would seem to meet a longer face there than it does. If
the sides of a wedge differ by an angle t and the blur is a Gaussian of spread s, the line passes
the corner at a distance of about 0.8 s tan(t / 2): exactly so for small t, and within 4 % for a
right angle. Two straight pieces of the line that would meet that near to it are therefore drawn on
to where they meet. An arc is left as it is: of two tangents at points that are d apart, the meeting
point is d / 4 tan(t / 2) off, and d is 11 pixels or more here.
"""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["sharpened"]

_STEP = 0.5  # pixels between the points of a line that is looked at
_GAPS = (2.0, 4.0)  # pixels on both sides of a corner that the blur may bend
_STRAIGHT = 7.0  # pixels beyond them that must be straight
_WAVES = 0.2  # pixels: the greatest root mean square of what is straight
_LEAST_TURN = np.radians(20.0)
_GREATEST_TURN = np.radians(165.0)
_BLUR = 1.9  # pixels: the greatest spread of the blur
_ROUNDING = 0.05  # pixels
_MOST = 20_000  # points of an outline; one of more is no part's

_Doubles = NDArray[np.float64]


class _Pieces(NamedTuple):
    """Straight pieces of a line, one from each of its points on.

    Attributes:
        middle: of each `[n, 2]`.
        along: direction of travel `[n, 2]`, of length 1.
        waves: root mean square of the distances of its points `[n]`.
    """

    middle: _Doubles
    along: _Doubles
    waves: _Doubles


def sharpened(outline: shapely.Polygon) -> shapely.Polygon:
    """An outline in pixels, whose corners that a blur has cut off are sharp.

    It is returned as it is if it would cross itself otherwise, or has very many points.
    """
    if shapely.get_num_coordinates(outline) > _MOST:
        return outline
    rings = [_sharp_ring(shapely.get_coordinates(ring)) for ring in shapely.get_rings(outline)]
    sharp = shapely.Polygon(rings[0], rings[1:])
    return sharp if shapely.is_valid(sharp) else outline


def _sharp_ring(ring: _Doubles) -> _Doubles:
    for gap in _GAPS:
        points = _evenly(ring)
        reach, length = round(gap / _STEP), round(_STRAIGHT / _STEP)
        if len(points) < 2 * (reach + length) + 2:
            return ring
        corners = _corners(points, reach, _pieces(points, length), length)
        if corners:
            ring = _with_corners(points, corners, reach)
    return ring


def _evenly(ring: _Doubles) -> _Doubles:
    """Points `[n, 2]` along a closed ring, about a step apart; the first is not repeated."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    at = np.arange(max(1, round(length[-1] / _STEP))) * (
        length[-1] / max(1, round(length[-1] / _STEP))
    )
    return np.stack([np.interp(at, length, ring[:, axis]) for axis in (0, 1)], axis=1)


def _pieces(points: _Doubles, length: int) -> _Pieces:
    """The straight piece from each point over `length` points, by total least squares."""
    n = len(points)
    origin = points.mean(axis=0)
    near = points - origin
    x, y = near.T
    values = np.stack([x, y, x * x, x * y, y * y], axis=1)
    sums = np.cumsum(np.concatenate([np.zeros((1, 5)), values, values[:length]]), axis=0)
    mean = (sums[length : n + length] - sums[:n]) / length
    xx = mean[:, 2] - mean[:, 0] ** 2
    xy = mean[:, 3] - mean[:, 0] * mean[:, 1]
    yy = mean[:, 4] - mean[:, 1] ** 2
    half, apart = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    travel = np.roll(points, 1 - length, axis=0) - points
    along *= np.where((along * travel).sum(axis=1) < 0, -1.0, 1.0)[:, None]
    return _Pieces(mean[:, :2] + origin, along, np.sqrt(np.maximum(half - apart, 0.0)))


def _corners(
    points: _Doubles, reach: int, pieces: _Pieces, length: int
) -> list[tuple[int, _Doubles]]:
    """Where the pieces before and after a point meet: its index, and the corner."""
    after = _Pieces(*(np.roll(each, -reach, axis=0) for each in pieces))
    before = _Pieces(*(np.roll(each, reach + length - 1, axis=0) for each in pieces))
    cross = _cross(before.along, after.along)
    turn = np.abs(np.arctan2(cross, (before.along * after.along).sum(axis=1)))
    safe = np.where(np.abs(cross) < 1e-6, 1.0, cross)
    onward = _cross(after.middle - before.middle, after.along) / safe
    back = _cross(before.middle - after.middle, before.along) / safe
    corner = before.middle + onward[:, None] * before.along
    off = np.hypot(*(corner - points).T)
    least = 0.5 * length * _STEP
    chosen = (turn > _LEAST_TURN) & (turn < _GREATEST_TURN)
    chosen &= (before.waves < _WAVES) & (after.waves < _WAVES)
    chosen &= (
        (onward > least) & (back > least) & (off < 0.8 * _BLUR * np.tan(0.5 * turn) + _ROUNDING)
    )
    cost = np.where(chosen, off, np.inf)
    found: list[tuple[int, _Doubles]] = []
    free = chosen.copy()
    for index in np.argsort(cost)[: int(chosen.sum())]:
        if free[index]:
            found.append((int(index), corner[index]))
            free[np.arange(index - 2 * reach, index + 2 * reach + 1) % len(points)] = False
    return found


def _cross(first: _Doubles, second: _Doubles) -> _Doubles:
    return np.asarray(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])


def _with_corners(points: _Doubles, corners: list[tuple[int, _Doubles]], reach: int) -> _Doubles:
    """A closed ring `[m, 2]` with corners in place of the points about them."""
    kept = np.ones(len(points), bool)
    moved = points.copy()
    for index, corner in corners:
        kept[np.arange(index - reach + 1, index + reach) % len(points)] = False
        moved[index] = corner
    for index, _ in corners:
        kept[index] = True
    ring = moved[kept]
    return np.concatenate([ring, ring[:1]])
