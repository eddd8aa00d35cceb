"""A bound on how often the lines of a drawing cross, before their crossings are computed.

n lines can cross n² / 2 times, and what is cut at its crossings grows as much.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.errors import InputError

__all__ = ["MOST_POINTS", "check_crossings"]

MOST_POINTS = 200_000
MOST_CROSSINGS = 10_000
_MOST_NEAR = 600_000  # pairs of lines whose bounding boxes overlap
_AT_ONCE = 1 << 18


def check_crossings(path: str | Path, rings: Sequence[NDArray[np.float64]]) -> None:
    """Check that rings cross themselves and each other in few places only.

    Args:
        path: the file, for error messages.
        rings: points `[n, 2]` of each ring. The last point is joined to the first point.

    Raises:
        InputError: they have more than `MOST_POINTS` points, cross in more than `MOST_CROSSINGS`
            places, or lie on top of each other too often.
    """
    closed = [np.vstack([ring, ring[:1]]) for ring in rings if len(ring) >= 2]
    if not closed:
        return
    if sum(map(len, closed)) > MOST_POINTS:
        raise InputError(f"{path} has more than {MOST_POINTS:,} points; simplify its outlines")
    ends = np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in closed])
    lines: Any = shapely.linestrings(ends)
    tree = shapely.STRtree(lines)
    step = max(1, _AT_ONCE // len(lines))
    near = crossings = 0
    for first in range(0, len(lines), step):
        one, other = tree.query(lines[first : first + step])
        one = one + first
        near += len(one)
        if near <= 2 * _MOST_NEAR:
            later = other > one
            crossings += int(shapely.crosses(lines[one[later]], lines[other[later]]).sum())
        if crossings > MOST_CROSSINGS or near > 2 * _MOST_NEAR:  # each pair is found twice
            raise InputError(
                f"the lines of {path} cross or cover each other in more than {MOST_CROSSINGS:,} "
                "places; a part is one plain outline with its holes"
            )
