"""How sharp a picture's edges are where an outline was found.

A lens and noise blur the edge of a part over a pixel or two. The colours step there, and stay as
they are beyond. Where the colours go on changing, the outline runs through something that fades: a
soft shadow, glare, or the light. A threshold puts an outline there, and where it lies is a guess.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.connected import connected
from fag_tf.environments.planar_grasp.images.windows import closed

__all__ = ["EdgeMarks", "blunt_edge", "edge_marks"]

_NEAR, _FAR = 2, 5  # pixels from the outline at which colours are compared
_ALONG = 4  # pixels along the outline, to both sides, over which colours are averaged
_SMOOTH = 4  # pixels over which the outline's direction is averaged
_BLUNT = 0.3  # of the step that goes on at both sides; where all fades evenly it is 0.75
_SPREADS = 1.5  # of the noise, below which a step is none
_MOST = 3000  # points of an outline that are looked at
_MOST_OF_RUNS = 100_000  # the same where neighbours are needed
_BRIDGED = 0.0007  # m: of an outline between two points of one piece

_Floats = NDArray[np.float32]
_Booleans = NDArray[np.bool_]


class EdgeMarks(NamedTuple):
    """What speaks against an outline along its own edge.

    Attributes:
        blunt_run: longest piece of it at which the picture fades or has no edge at all, m.
        faint_run: longest piece of it whose step is less than half of what is usual, m.
    """

    blunt_run: float
    faint_run: float


class _Sides(NamedTuple):
    """Points of an outline, and whether the picture's edge there is blunt.

    Attributes:
        row, column: of the points `[n]` at which both sides are seen.
        step: of the colours `[n]` from one side to the other.
        blunt: whether `[n]` the edge is blunt.
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    step: NDArray[np.float64]
    blunt: _Booleans


def blunt_edge(picture: _Floats, part: _Booleans, noise: float, blur: int = 0) -> float:
    """Share of a part's outline at which the picture fades or has no edge at all.

    Args:
        picture: colours `[H, W, C]`.
        part: the pixels `[H, W]` of the part.
        noise: spread of the background's colours.
        blur: pixels over which the picture was averaged against noise.
    """
    blunt = _sides(picture, part, noise, blur, _MOST).blunt
    return float(np.mean(blunt)) if len(blunt) else 0.0


def edge_marks(
    picture: _Floats, part: _Booleans, noise: float, blur: int, pitch: float
) -> EdgeMarks:
    """Find the pieces of a part's outline where its place is a guess.

    Args:
        picture: colours `[H, W, C]`.
        part: the pixels `[H, W]` of the part.
        noise: spread of the background's colours.
        blur: pixels over which the picture was averaged against noise.
        pitch: side of a pixel, m.
    """
    sides = _sides(picture, part, noise, blur, _MOST_OF_RUNS)
    if not len(sides.step):
        return EdgeMarks(0.0, 0.0)
    faint = sides.step < 0.5 * np.median(sides.step)
    runs = [_longest(sides, which, part.shape, pitch) for which in (sides.blunt, faint)]
    return EdgeMarks(*runs)


def _longest(sides: _Sides, which: _Booleans, shape: tuple[int, ...], pitch: float) -> float:
    """Length of the longest piece of an outline at whose points `[n]` something is, m."""
    if not which.any():
        return 0.0
    row, column = sides.row[which], sides.column[which]
    marked = np.zeros(shape, bool)
    marked[row, column] = True
    pieces, _ = connected(closed(marked, max(1, int(_BRIDGED / pitch))))
    return float(np.bincount(pieces[row, column]).max()) * pitch


def _sides(picture: _Floats, part: _Booleans, noise: float, blur: int, most: int) -> _Sides:
    surrounded = part[:-2, 1:-1] & part[2:, 1:-1] & part[1:-1, :-2] & part[1:-1, 2:]
    row, column = np.nonzero(part[1:-1, 1:-1] & ~surrounded) + np.ones((2, 1), np.intp)
    stride = max(1, -(-len(row) // most))
    row, column = row[::stride], column[::stride]
    # The part's pixels around a point of its outline lie towards its inside.
    around = np.mgrid[-_SMOOTH : _SMOOTH + 1, -_SMOOTH : _SMOOTH + 1].reshape(2, -1, 1)
    inside = _at(part, row + around[0], column + around[1])
    down, right = (inside * around[0]).sum(axis=0), (inside * around[1]).sum(axis=0)
    length = np.hypot(down, right)
    kept = length > 0
    row, column = row[kept], column[kept]
    inward = np.stack([down, right], axis=1)[kept] / length[kept, None]

    def colours(depth: float) -> tuple[NDArray[np.float64], _Booleans]:
        """Mean colours `[n, C]` at a depth in the part, and whether all of them are on its side."""
        total = np.zeros((len(row), picture.shape[2]))
        same = np.ones(len(row), bool)
        for along in range(-_ALONG, _ALONG + 1):
            i = np.rint(row + depth * inward[:, 0] - along * inward[:, 1]).astype(np.intp)
            j = np.rint(column + depth * inward[:, 1] + along * inward[:, 0]).astype(np.intp)
            total += _at(picture, i, j)
            if abs(along) <= 1:
                same &= _at(part, i, j) == (depth > 0)
        return total / (2 * _ALONG + 1), same

    near, far = _NEAR + blur, _FAR + 2 * blur
    (deep, within), (out, without) = colours(far - 0.5), colours(-far - 0.5)
    (inner, _), (outer, _) = colours(near - 0.5), colours(-near - 0.5)
    step = inner - outer
    size = np.linalg.norm(step, axis=1)
    way = step / np.maximum(size, 1e-6)[:, None]
    # Beside a shadow or glare the colours go on changing on one side, but at a true edge not on
    # both.
    on = np.minimum(((deep - inner) * way).sum(axis=1), ((outer - out) * way).sum(axis=1))
    seen = within & without
    blunt = (on > _BLUNT * size) | (size < _SPREADS * noise)
    return _Sides(row[seen], column[seen], size[seen], blunt[seen])


def _at(values: NDArray[Any], row: NDArray[np.intp], column: NDArray[np.intp]) -> NDArray[Any]:
    rows, columns = values.shape[:2]
    return values[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
