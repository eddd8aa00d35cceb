"""A polygon as convex pieces, because contacts are computed between convex bodies alone.

The constrained Delaunay triangles of the polygon are merged across their common edges, the longest
first, wherever the result is convex. Hertel and Mehlhorn (1983) show that merging in any order
gives at most four times the least number of pieces.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["convex_pieces"]

_TOLERANCE = 5e-5
_MOST_PIECES = 400
_THINNEST = 1e-6
# Twice the area, m^2, by which a corner may seem to turn the wrong way because of rounding.
_STRAIGHT = 1e-12

_Point = tuple[float, float]


def convex_pieces(part: shapely.Polygon) -> list[NDArray[np.float64]]:
    """Divide a polygon into convex pieces without overlaps.

    Corners that change the outline by less than 0.05 mm are left out. Of an outline that would
    give more than 400 pieces more is left out, until there are no more than these.

    Args:
        part: one valid polygon, m, holes allowed.

    Returns:
        The corners of each piece, `[n, 2]`, m, counter-clockwise. Pieces thinner than a micrometre
        are left out.
    """
    tolerance = _TOLERANCE
    while True:
        plain = shapely.simplify(part, tolerance, preserve_topology=True)
        pieces = _merged(shapely.constrained_delaunay_triangles(plain))
        if len(pieces) <= _MOST_PIECES:
            return pieces
        tolerance *= 2.0


def _merged(triangles: shapely.GeometryCollection) -> list[NDArray[np.float64]]:
    pieces: dict[int, list[_Point]] = {}
    sides: dict[tuple[_Point, _Point], int] = {}
    for number, triangle in enumerate(shapely.get_parts(triangles)):
        ring = shapely.get_coordinates(shapely.orient_polygons(triangle))[:3]
        corners: list[_Point] = [(x, y) for x, y in ring.tolist()]
        pieces[number] = corners
        sides.update({(corners[k - 1], corners[k]): number for k in range(3)})
    merged_into = list(range(len(pieces)))

    def piece_of(number: int) -> int:
        while merged_into[number] != number:
            number = merged_into[number]
        return number

    inner = [(a, b) for a, b in sides if a < b and (b, a) in sides]
    inner.sort(key=lambda side: (-_length(*side), side))
    for a, b in inner:
        left, right = piece_of(sides[a, b]), piece_of(sides[b, a])
        both = None if left == right else _joined(pieces[left], pieces[right], a, b)
        if both is not None:
            pieces[left] = both
            del pieces[right]
            merged_into[right] = left
    arrays = [np.array(corners) for corners in pieces.values()]
    return [corners for corners in arrays if _is_solid(corners)]


def _joined(left: list[_Point], right: list[_Point], a: _Point, b: _Point) -> list[_Point] | None:
    """The union of two convex pieces whose common side runs from a to b in the left one.

    It is None if the union is not convex.
    """
    at_a, at_b = left.index(a), right.index(b)
    # From b around the left piece to a, and on around the right piece until before b.
    union = [*left[at_a + 1 :], *left[:at_a], *right[at_b + 1 :], *right[:at_b]]
    turns = (_turn(union[k - 2], union[k - 1], union[k]) for k in range(len(union)))
    if len(set(union)) < len(union) or any(turn < -_STRAIGHT for turn in turns):
        return None
    return union


def _turn(a: _Point, b: _Point, c: _Point) -> float:
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])


def _length(a: _Point, b: _Point) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def _is_solid(corners: NDArray[np.float64]) -> bool:
    longest = float(np.ptp(corners, axis=0).max())
    return shapely.Polygon(corners).area > _THINNEST * longest
