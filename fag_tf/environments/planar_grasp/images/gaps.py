"""Gaps and holes that glare tears into a part.

Where a part mirrors the lamp it is as bright as the paper, or brighter. A streak of glare cuts it
into pieces, and a spot looks like a hole. A true hole shows the background and has an edge as sharp
as the outline's; glare fades, or has a colour of its own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.connected import connected
from fag_tf.environments.planar_grasp.images.windows import closed, narrowed

__all__ = ["Mended", "mend"]

_WIDEST = 0.006  # m: of a gap that is closed
_LEAST_PIECE = 0.01  # share of the largest piece, below which a piece is a speck
_GREATEST_JOIN = 0.25  # share of the part that closing gaps may add
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
    """

    mask: _Booleans
    joined: float
    filled: float


def mend(part: _Booleans, apart: _Floats, noise: float, pitch: float, join: bool = True) -> Mended:
    """Close the gaps between pieces of a part, and fill holes that do not show the background.

    Args:
        part: pixels `[H, W]` of the part.
        apart: how far `[H, W]` each pixel's colour is from the background's.
        noise: spread of the background's colours.
        pitch: side of a pixel, m.
        join: whether pieces with narrow gaps between them are one part.
    """
    whole = _joined(part, pitch) if join else part
    joined = float((whole & ~part).sum()) / max(float(whole.sum()), 1.0)
    full = _filled(whole, apart, noise, pitch)
    filled = float((full & ~whole).sum()) / max(float(full.sum()), 1.0)
    return Mended(full, joined, filled)


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


def _filled(part: _Booleans, apart: _Floats, noise: float, pitch: float) -> _Booleans:
    """The part without holes that are too narrow for a finger, or do not show the background."""
    pieces, count = connected(np.pad(~part, 1, constant_values=True))
    pieces = pieces[1:-1, 1:-1]  # what is around the part is the first
    if count < 2:
        return part
    wide = narrowed(~part, int(0.5 * _NARROW / pitch))
    wide_enough = np.bincount(pieces[wide], minlength=count + 1) > 0
    core = narrowed(~part, 2)
    number = np.bincount(pieces[core], minlength=count + 1)
    own = np.bincount(pieces[core], apart[core], count + 1) / np.maximum(number, 1)
    level = float(np.median(apart[part])) if part.any() else 0.0
    shows = (number < 8) | (own < max(3 * noise, 0.15 * level))
    kept = wide_enough & shows & ~_around_islands(part, pieces, count)
    kept[:2] = True
    return part | ~kept[pieces]


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
