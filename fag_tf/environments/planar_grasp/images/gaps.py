"""Gaps and holes that glare tears into a part.

Where a part mirrors the lamp it is as bright as the paper, or brighter. A streak of glare cuts it
into pieces, and a spot looks like a hole. A true hole shows the background and has an edge as sharp
as the outline's; glare fades, or has a colour of its own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.connected import connected
from fag_tf.environments.planar_grasp.images.sharpness import blunt_edge
from fag_tf.environments.planar_grasp.images.windows import closed, narrowed, widened

__all__ = ["Mended", "mend"]

_WIDEST = 0.006  # m: of a gap that is closed
_LEAST_PIECE = 0.01  # share of the largest piece, below which a piece is a speck
_GREATEST_JOIN = 0.25  # share of the part that closing gaps may add
_LEAST_HOLE = 0.015  # share of the part, below which a hole matters little
_FADED = 0.6  # share of the usual contrast
_NARROW = 0.0025  # m: width of a hole that no finger enters, nor any model sees

_Floats = NDArray[np.float32]
_Booleans = NDArray[np.bool_]
_Numbers = NDArray[np.intp]


class Mended(NamedTuple):
    """A part without glare.

    Attributes:
        mask: its pixels `[H, W]`.
        joined: share of it that joins what were pieces.
        filled: share of it that were holes.
        hidden: share of the edge of a hole that was filled at which it is sharp, as a true hole's
            is; the greatest of all that a finger could enter.
    """

    mask: _Booleans
    joined: float
    filled: float
    hidden: float = 0.0


def mend(
    part: _Booleans,
    apart: _Floats,
    noise: float,
    pitch: float,
    join: bool = True,
    reach: int = 2,
    shadow: _Booleans | None = None,
) -> Mended:
    """Close the gaps between pieces of a part, and fill holes that do not show the background.

    Args:
        part: pixels `[H, W]` of the part.
        apart: how far `[H, W]` each pixel's colour is from the background's.
        noise: spread of the background's colours.
        pitch: side of a pixel, m.
        join: whether pieces with narrow gaps between them are one part.
        reach: pixels on both sides of an edge that lens and noise may mix.
        shadow: pixels `[H, W]` of the background that lie in the part's shadow.
    """
    whole = _joined(part, pitch) if join else part
    joined = float((whole & ~part).sum()) / max(float(whole.sum()), 1.0)
    full, hidden = _filled(whole, apart, noise, pitch, reach, shadow)
    filled = float((full & ~whole).sum()) / max(float(full.sum()), 1.0)
    return Mended(full, joined, filled, hidden)


def _pieces(mask: _Booleans) -> int:
    pieces, count = connected(mask)
    areas = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
    return int((areas >= _LEAST_PIECE * areas.max()).sum()) if count else 0


def _joined(part: _Booleans, pitch: float) -> _Booleans:
    """The part with gaps closed, by the least width that makes it one piece."""
    count = _pieces(part)
    if count < 2:
        return part
    widest = int(0.5 * _WIDEST / pitch)
    for reach in sorted({max(1, round(widest * share)) for share in (0.17, 0.33, 0.5, 0.75, 1.0)}):
        whole = closed(part, reach)
        if _pieces(whole) == 1:
            added = whole & ~part
            return whole if added.sum() < _GREATEST_JOIN * whole.sum() else part
    return part


def _filled(
    part: _Booleans,
    apart: _Floats,
    noise: float,
    pitch: float,
    reach: int,
    shadow: _Booleans | None,
) -> tuple[_Booleans, float]:
    """The part without holes that are too narrow for a finger, or do not show the background.

    Also how sharp the edge of a hole is that was filled.
    """
    pieces, count = connected(np.pad(~part, 1, constant_values=True))
    pieces = pieces[1:-1, 1:-1]  # what is around the part is the first
    if count < 2:
        return part, 0.0
    wide = narrowed(~part, int(0.5 * _NARROW / pitch))
    wide_enough = np.bincount(pieces[wide], minlength=count + 1) > 0
    core = narrowed(~part, 2)
    number = np.bincount(pieces[core], minlength=count + 1)
    beyond = apart if shadow is None else np.where(shadow, np.float32(0.0), apart)
    own = np.bincount(pieces[core], beyond[core], count + 1) / np.maximum(number, 1)
    level = float(np.median(apart[part])) if part.any() else 0.0
    shows = (number < 8) | (own < max(3 * noise, 0.15 * level))
    kept = wide_enough & shows & ~_around_islands(part, pieces, count)
    windows = _windows(pieces, count, 4 * reach + 2)
    for hole in np.flatnonzero(kept[2:]) + 2:
        near = windows[hole]
        kept[hole] = not _fades(part[near], pieces[near] == hole, apart[near], level, noise, reach)
    kept[:2] = True
    hidden = 0.0
    large = number >= _LEAST_HOLE * np.count_nonzero(part)
    for hole in np.flatnonzero((wide_enough & large & ~kept)[2:]) + 2:
        near = windows[hole]
        inside = pieces[near] == hole
        hidden = max(hidden, 1.0 - blunt_edge(apart[near][..., None], inside, noise, reach - 2))
    return part | ~kept[pieces], hidden


def _fades(
    part: _Booleans, hole: _Booleans, apart: _Floats, level: float, noise: float, reach: int
) -> bool:
    """Whether the part around a hole fades into it, further than lens and noise blur an edge."""
    rim = widened(hole, reach + 2) & ~widened(hole, reach) & part
    if rim.any() and float(np.median(apart[rim])) < _FADED * level:
        return True
    return blunt_edge(apart[..., None], hole, noise, reach - 2) > 0.5


def _windows(pieces: _Numbers, count: int, margin: int) -> list[tuple[slice, slice]]:
    """Rows and columns around each piece, 0 to `count`."""
    row, column = np.nonzero(pieces > 1)  # what is around the part is the first
    piece = pieces[row, column]
    ends = []
    for at in (row, column):
        first, last = np.full(count + 1, max(pieces.shape)), np.zeros(count + 1, np.intp)
        np.minimum.at(first, piece, at)
        np.maximum.at(last, piece, at)
        ends.append(
            [
                slice(max(0, i - margin), j + margin + 1)
                for i, j in zip(first.tolist(), last.tolist(), strict=True)
            ]
        )
    return list(zip(*ends, strict=True))


def _around_islands(part: _Booleans, holes: _Numbers, count: int) -> _Booleans:
    """Which holes `[count + 1]` have another piece of the part in them: the middle of a glare."""
    own, _ = connected(part)
    least = np.full(count + 1, np.iinfo(np.intp).max)
    greatest = np.zeros(count + 1, np.intp)
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[1:], np.s_[:-1])):
        for hole, beside in (
            (holes[first], own[second]),
            (holes[:, first], own[:, second]),
        ):
            meet = (hole > 0) & (beside > 0)
            np.minimum.at(least, hole[meet], beside[meet])
            np.maximum.at(greatest, hole[meet], beside[meet])
    return (greatest > 0) & (least < greatest)
