"""The polygons of a drawing, and the choice of the one that is to be grasped."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.parts.filled_areas import filled_area
from fag_tf.errors import InputError

__all__ = ["check_coordinates", "chosen", "in_order", "polygons_of"]

MOST_CORNERS = 100_000
"""Greatest number of corners of a part. Whether a polygon is valid takes long for very many
corners, and so does all that follows.
"""

_FARTHEST = 1e30  # of a coordinate, in the units of the file
_MOST_POLYGONS = 10_000
_LISTED = 6
_CLOSED = 1e-9  # of the extent: ends of a line that are nearer to each other are one point
_HOLDERS = ("GeometryCollection", "MultiPolygon", "MultiLineString", "MultiPoint")


def polygons_of(geometry: shapely.Geometry | None, source: str | Path) -> list[shapely.Polygon]:
    """All polygons of a geometry. Closed lines enclose polygons, one within another being a hole.

    Args:
        geometry: geometry that was read: polygons, closed lines, or collections of them.
        source: name of the file, for error messages.

    Returns:
        Valid polygons in the order of `in_order`, at least one.

    Raises:
        InputError: the geometry is empty, is not finite, or holds something else.
    """
    if geometry is None or geometry.is_empty:
        raise InputError(f"{source} holds an empty geometry; a part is one polygon")
    check_coordinates(geometry, source)
    pieces = [shapely.force_2d(geometry)]
    while any(piece.geom_type in _HOLDERS for piece in pieces):
        pieces = list(itertools.chain.from_iterable(shapely.get_parts(each) for each in pieces))
    if len(pieces) > _MOST_POLYGONS:
        raise InputError(
            f"{source} holds {len(pieces)} geometries; a drawing of parts has {_MOST_POLYGONS} or "
            "fewer"
        )
    polygons = [piece for piece in pieces if piece.geom_type == "Polygon" and not piece.is_empty]
    lines = [piece for piece in pieces if piece.geom_type in ("LineString", "LinearRing")]
    others = sorted({piece.geom_type for piece in pieces} - {"Polygon", "LineString", "LinearRing"})
    if others:
        raise InputError(f"{source} holds a {' and a '.join(others)}; a part is one polygon")
    polygons += _enclosed(lines, source)
    if not polygons:
        raise InputError(f"the lines in {source} enclose no area; a part is one polygon")
    for polygon in polygons:
        if not polygon.is_valid:
            reason = shapely.is_valid_reason(polygon).replace("[", " at (").replace("]", ")")
            raise InputError(
                f"the polygon in {source} is not valid: {reason}; "
                "its rings must enclose an area and neither cross nor touch along a line"
            )
    return in_order(polygons)


def check_coordinates(geometry: shapely.Geometry, source: str | Path) -> None:
    """Check that a geometry has not too many corners, and none without a place or far away.

    Raises:
        InputError: it has.
    """
    corners = int(shapely.get_num_coordinates(geometry))
    if corners > MOST_CORNERS:
        raise InputError(
            f"{source} has {corners:,} corners; a part may have {MOST_CORNERS:,}, so simplify it"
        )
    xy = shapely.get_coordinates(geometry)
    if not np.isfinite(xy).all():
        raise InputError(f"{source} holds a coordinate that is not finite; all must be numbers")
    greatest = float(np.abs(xy).max(initial=0.0))
    if greatest > _FARTHEST:  # its square would soon be beyond all numbers
        raise InputError(f"{source} holds a coordinate of {greatest:.3g}; no part is as large")


def _enclosed(lines: Sequence[shapely.LineString], source: str | Path) -> list[shapely.Polygon]:
    rings = []
    for line in lines:
        xy = shapely.get_coordinates(line)
        gap = float(np.hypot(*(xy[0] - xy[-1])))
        if len(xy) < 4 or gap > _CLOSED * float(np.ptp(xy, axis=0).max()):
            raise InputError(
                f"{source} holds a LineString that is not closed; a part is one polygon or a line "
                "that ends where it begins"
            )
        rings.append(xy[:-1])
    return [piece for piece in shapely.get_parts(filled_area(rings, "evenodd")) if piece.area > 0]


def in_order(polygons: Sequence[shapely.Polygon]) -> list[shapely.Polygon]:
    """Polygons from left to right, by the least x of each, then by the least y."""
    return sorted(polygons, key=lambda polygon: polygon.bounds[:2])


def chosen(
    polygons: Sequence[shapely.Polygon], source: str | Path, largest: bool, index: int | None
) -> int:
    """Index of the polygon that is to be grasped.

    Args:
        polygons: polygons in m, in the order of `in_order`.
        source: name of the file, for error messages.
        largest: whether the one with the largest area is wanted.
        index: the one that is wanted, counted from 0; None if none was named.

    Raises:
        InputError: there are several and none is named, there is none of that index, or two
            choices are made.
    """
    if largest and index is not None:
        raise InputError("--largest and --index both choose a polygon; give one of them")
    if index is not None:
        if not 0 <= index < len(polygons):
            raise InputError(
                f"{source} holds no polygon {index}; it holds {len(polygons)}: {_listed(polygons)}"
            )
        return index
    if len(polygons) == 1:
        return 0
    if largest:
        return int(np.argmax(shapely.area(np.array(polygons, object))))
    raise InputError(
        f"{source} holds {len(polygons)} polygons; a part is one, holes allowed: take the largest "
        f"(--largest) or one of them (--index), from left to right {_listed(polygons)}"
    )


def _listed(polygons: Sequence[shapely.Polygon]) -> str:
    """Sizes and places of the first polygons, in mm."""
    texts = []
    for number, polygon in enumerate(polygons[:_LISTED]):
        x0, y0, x1, y1 = 1e3 * np.array(polygon.bounds)
        # Rounded first, so that rounding errors about 0 are 0.
        x, y = (np.round(0.5 * np.array([x0 + x1, y0 + y1]), 2) + 0.0).tolist()
        texts.append(f"{number} ({x1 - x0:.4g} x {y1 - y0:.4g} mm at {x:.6g}, {y:.6g})")
    return ", ".join(texts) + (", ..." if len(polygons) > _LISTED else "")
