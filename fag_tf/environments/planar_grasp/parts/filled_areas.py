"""The area that closed lines enclose, as drawing programs fill it, however they cross."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["FillRule", "filled_area"]

FillRule = Literal["nonzero", "evenodd"]

_Floats = NDArray[np.float64]

# Between lines that should meet, rounding leaves faces of next to no area.
_SLIVER = 1e-9  # of the whole


def filled_area(rings: Sequence[_Floats], rule: FillRule) -> shapely.Geometry:
    """The points that the rings wind around, by the rule of SVG 2, section 13.4.2.

    Args:
        rings: points `[n, 2]` of each; the last is joined to the first.
        rule: `nonzero`: wound around in all, counted with direction; `evenodd`: an odd number of
            times.

    Returns:
        A polygon, several, or an empty geometry.
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
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    turns = sum((_winding(inside, ring) for ring in closed), np.zeros(len(faces), np.int64))
    filled = turns != 0 if rule == "nonzero" else turns % 2 == 1
    return shapely.union_all(faces[filled])


def _winding(points: _Floats, ring: _Floats) -> NDArray[np.int64]:
    """How often a closed line `[m, 2]` goes around each of the points `[n, 2]`."""
    (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
    x, y = points[:, :1], points[:, 1:]
    up, down = (y0 <= y) & (y1 > y), (y0 > y) & (y1 <= y)
    left = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
    return np.asarray((up & (left > 0)).sum(axis=1) - (down & (left < 0)).sum(axis=1), np.int64)
