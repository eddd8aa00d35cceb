"""The area that closed lines enclose by the fill rules of drawing programs."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["FillRule", "filled_area"]

FillRule = Literal["nonzero", "evenodd"]

_Floats = NDArray[np.float64]

# Rounding leaves faces of almost no area between lines that should meet.
_SLIVER = 1e-9  # of the whole

_AT_ONCE = 1 << 18  # pairs of a face and a line


def filled_area(rings: Sequence[_Floats], rule: FillRule) -> shapely.Geometry:
    """The area that rings fill. Source: SVG 2, section 13.4.2. The rings may cross.

    Args:
        rings: points `[n, 2]` of each ring. The last point is joined to the first point.
        rule: which points are filled, by their winding number: `nonzero` or `evenodd` (an odd
            number).

    Returns:
        A polygon, several polygons or an empty geometry.
    """
    closed = [np.vstack([ring, ring[:1]]) for ring in rings if len(ring) >= 3]
    if not closed:
        return shapely.Polygon()
    lines = shapely.union_all([shapely.LineString(ring) for ring in closed])
    faces: Any = shapely.get_parts(shapely.polygonize([lines]))
    if len(faces) == 0:
        return shapely.Polygon()
    area = shapely.area(faces)
    faces = faces[area > _SLIVER * area.sum()]
    with np.errstate(over="ignore", invalid="ignore"):  # a face may be thinner than rounding
        inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    turns = np.zeros(len(faces), np.int64)
    step = max(1, _AT_ONCE // max(map(len, closed)))
    for first in range(0, len(faces), step):
        some = slice(first, first + step)
        turns[some] = sum(_winding(inside[some], ring) for ring in closed)
    filled = turns != 0 if rule == "nonzero" else turns % 2 == 1
    return shapely.union_all(faces[filled])


def _winding(points: _Floats, ring: _Floats) -> NDArray[np.int64]:
    """Winding number `[n]` of a closed line `[m, 2]` around each of the points `[n, 2]`."""
    (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
    x, y = points[:, :1], points[:, 1:]
    up, down = (y0 <= y) & (y1 > y), (y0 > y) & (y1 <= y)
    left = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
    return np.asarray((up & (left > 0)).sum(axis=1) - (down & (left < 0)).sum(axis=1), np.int64)
