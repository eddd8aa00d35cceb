"""Sharp edges within what was taken for the part, which may be the part's own outline.

Light and glare fade over a part, while a shadow that was taken together with it ends in a step, on
one side of which is the background's colour, only darker.
"""

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.connected import connected
from fag_tf.environments.planar_grasp.images.shadows import is_shade
from fag_tf.environments.planar_grasp.images.windows import narrowed, widened

__all__ = ["edge_within"]

_NEAR, _FAR = 3, 8  # pixels from an edge at which colours are compared
_ALONG = (-4, -2, 0, 2, 4)  # pixels along the edge over which colours are averaged
_DIRECTIONS = 6
_STRIDE = 2  # of the pixels that are looked at
_SPREADS, _LEAST, _LEAST_SHARE = 2.5, 0.02, 0.15  # of a step: noise; full scale; part's contrast
_SHARP = 0.35  # of the step, that may go on beyond it
_SHORTEST = 0.002  # m
_MOST = 200_000  # pixels that are looked at

_Floats = NDArray[np.float32]
_Booleans = NDArray[np.bool_]
_Indices = NDArray[np.intp]


def edge_within(
    picture: _Floats,
    part: _Booleans,
    ground: _Floats,
    level: float,
    noise: float,
    blur: int,
    pitch: float,
) -> float:
    """Length of the longest sharp edge within a part with a shadow's colour beside it, m.

    Args:
        picture: colours `[H, W, C]`, as if under even light.
        part: pixels `[H, W]` of the part.
        ground: the background's colour `[C]`.
        level: the part's usual contrast against the background.
        noise: spread of the background's colours.
        blur: pixels over which the picture was averaged against noise.
        pitch: side of a pixel, m.
    """
    inner = narrowed(part, _NEAR + blur)
    stride = max(_STRIDE, int(np.ceil(np.sqrt(np.count_nonzero(inner) / _MOST))))
    row, column = (each * stride for each in np.nonzero(inner[::stride, ::stride]))
    if not len(row):
        return 0.0
    step, sharp, sides = np.zeros(len(row)), np.zeros(len(row), bool), None
    for angle in np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS:
        way = np.sin(angle), np.cos(angle)
        near, far = _NEAR + blur, _FAR + 2 * blur
        above, below = (_mean(picture, row, column, way, at) for at in (near, -near))
        change = above - below
        size = np.linalg.norm(change, axis=1)
        size[
            ~(_inside(inner, row, column, way, near) & _inside(inner, row, column, way, -near))
        ] = 0
        toward = change / np.maximum(size, 1e-6)[:, None]
        further = np.zeros(len(row))
        for at, side, sign in ((far, above, 1.0), (-far, below, -1.0)):
            beyond = _mean(picture, row, column, way, at) - side
            goes_on = sign * (beyond * toward).sum(axis=1)
            further = np.maximum(further, goes_on * _inside(inner, row, column, way, at))
        better = size > step
        step = np.where(better, size, step)
        sharp = np.where(better, further < _SHARP * size, sharp)
        both = np.stack([above, below])
        sides = both if sides is None else np.where(better[:, None], both, sides)
    assert sides is not None
    shade = is_shade(sides, ground, noise).any(axis=0)
    found = sharp & shade & (step > max(_SPREADS * noise, _LEAST, _LEAST_SHARE * level))
    marked = np.zeros([-(-side // stride) for side in part.shape], bool)
    marked[row[found] // stride, column[found] // stride] = True
    pieces, _ = connected(widened(marked, 1))
    areas = np.bincount(pieces[marked]) if found.any() else np.zeros(1)
    # An edge is seen from all pixels that are nearer to it than `_NEAR`.
    length = float(areas.max()) * stride**2 / (2 * (_NEAR + blur)) * pitch
    return length if length >= _SHORTEST else 0.0


def _points(
    shape: tuple[int, ...], row: _Indices, column: _Indices, down: float, right: float
) -> tuple[_Indices, _Indices]:
    i = np.clip(np.rint(row + down).astype(np.intp), 0, shape[0] - 1)
    return i, np.clip(np.rint(column + right).astype(np.intp), 0, shape[1] - 1)


def _mean(
    picture: _Floats, row: _Indices, column: _Indices, way: tuple[float, float], at: float
) -> NDArray[np.float64]:
    """Mean colours `[n, C]` of points beside others, at a distance in a direction."""
    total = np.zeros((len(row), picture.shape[2]))
    for along in _ALONG:
        down, right = way[0] * at + way[1] * along, way[1] * at - way[0] * along
        total += picture[_points(picture.shape, row, column, down, right)]
    return total / len(_ALONG)


def _inside(
    inner: _Booleans, row: _Indices, column: _Indices, way: tuple[float, float], at: float
) -> _Booleans:
    return inner[_points(inner.shape, row, column, way[0] * at, way[1] * at)]
