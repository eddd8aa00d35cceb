"""Random parts, with outlines as varied as those of tools, symbols and household objects.

A family draws an outline of about the given size, with members of about the given thickness. Some
outlines are cut at a corner, mirrored, hollowed or rounded. The result is made one valid polygon
and scaled to the exact longest side.
"""

import contextlib

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from fag_tf.environments.planar_grasp.parts.families import FAMILIES
from fag_tf.environments.planar_grasp.parts.primitives import SIMPLE_SHAPES, moved
from fag_tf.environments.planar_grasp.workspace import LONGEST_SIDE, centred, longest_side

__all__ = ["MAX_VERTICES", "random_part"]

MAX_VERTICES = 150
"""Greatest number of points of an outline. An outline with more points is simplified."""

_THICKNESS = (0.006, 0.060)
_LEAST_DETAIL = 1e-4
_LEAST_NECK = 0.002
_LEAST_WALL = 0.005
_LEAST_FILL = 0.01  # area, in squares of the longest side
_BITTEN_SHARE, _MIRRORED_SHARE, _HOLLOWED_SHARE, _ROUNDED_SHARE = 0.12, 0.15, 0.08, 0.4
_ROUNDING = (0.001, 0.006)
_LEAST_HOLE = 2e-5  # area, m2: a hole 5 mm across

_SHARES = np.cumsum([share for _, share in FAMILIES])


def _mirrored(rng: np.random.Generator, shape: BaseGeometry) -> BaseGeometry:
    """Join the shape to its mirror image about a line through the shape."""
    low, _, high, _ = shape.bounds
    line = low + rng.uniform(0.0, 0.5) * (high - low)
    return shape.union(shapely.transform(shape, lambda xy: xy * (-1, 1) + (2 * line, 0)))


def _hollowed(shape: BaseGeometry, wall: float) -> BaseGeometry:
    """Keep only a wall of the given thickness, m, along the outline of the shape."""
    return shape - shapely.buffer(shape, -max(wall, _LEAST_WALL), join_style="mitre")


def _bitten(rng: np.random.Generator, shape: BaseGeometry, size: float) -> BaseGeometry:
    """Subtract a simple shape at one corner of the shape."""
    corners = shapely.get_coordinates(shape)
    x, y = corners[int(rng.integers(len(corners)))]
    draw = SIMPLE_SHAPES[int(rng.integers(len(SIMPLE_SHAPES)))]
    bite = draw(rng, size * rng.uniform(0.1, 0.4), size * rng.uniform(0.05, 0.2))
    return shape - moved(bite, x, y)


def _one_polygon(shape: BaseGeometry) -> shapely.Polygon:
    """The largest polygon of the shape, without tiny holes; an empty polygon if there is none."""
    pieces = shapely.get_parts(shape)
    pieces = pieces[shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON]
    if not len(pieces):
        return shapely.Polygon()
    piece = pieces[np.argmax(shapely.area(pieces))]
    holes = [ring for ring in piece.interiors if shapely.Polygon(ring).area > _LEAST_HOLE]
    return shapely.Polygon(piece.exterior, holes)


def _opened(shape: BaseGeometry, radius: float, rounded: bool) -> BaseGeometry:
    """Remove all pieces thinner than twice the radius, m; round the corners if `rounded`."""
    if not rounded:
        thinned = shapely.buffer(shape, -radius, join_style="mitre")
        return shapely.buffer(thinned, radius, join_style="mitre")
    for change in (-radius, 2 * radius, -radius):
        shape = shapely.buffer(shape, change, quad_segs=4)
    return shape


def _finished(rng: np.random.Generator, shape: BaseGeometry, side: float) -> shapely.Polygon | None:
    """One valid, centred polygon with longest side `side`, m; None if too little is left of it."""
    whole = _one_polygon(shape)
    part = whole
    if rng.random() < _ROUNDED_SHARE:
        part = _one_polygon(_opened(whole, rng.uniform(*_ROUNDING), rounded=True))
    if part is whole or part.area < 0.7 * whole.area:  # too thin to be rounded that much
        part = _one_polygon(_opened(whole, _LEAST_NECK / 2, rounded=False))
    if part.is_empty:
        return None
    scale = side / longest_side(part)
    part = shapely.transform(part, lambda xy: xy * scale)
    detail = _LEAST_DETAIL
    part = shapely.simplify(part, detail)
    while shapely.get_num_coordinates(part) > MAX_VERTICES:
        detail *= 1.6
        part = shapely.simplify(part, detail)
    if part.geom_type != "Polygon" or part.area < _LEAST_FILL * side**2:
        return None
    # Simplifying may have moved the longest side by its tolerance.
    scale = side / longest_side(part)
    part = centred(shapely.transform(part, lambda xy: xy * scale))
    return part if part.is_valid else None


def _shape(rng: np.random.Generator, side: float) -> BaseGeometry:
    thickness = float(np.exp(rng.uniform(*np.log(_THICKNESS))))
    draw, _ = FAMILIES[int(np.searchsorted(_SHARES, rng.uniform(0, _SHARES[-1])))]
    shape = draw(rng, side, min(thickness, 0.6 * side))
    if rng.random() < _BITTEN_SHARE:
        shape = _bitten(rng, shape, side)
    if rng.random() < _MIRRORED_SHARE:
        shape = _mirrored(rng, shape)
    if rng.random() < _HOLLOWED_SHARE:
        shape = _hollowed(shape, 0.5 * thickness)
    return shape


def random_part(rng: np.random.Generator) -> shapely.Polygon:
    """Draw a part: one valid polygon, m, sometimes with holes, with its centroid at the origin.

    The longest side is uniform in `LONGEST_SIDE`. The thickness of the members is log-uniform from
    6 to 60 mm before the part is scaled to this side. Some parts have no feasible grasp.
    """
    side = float(rng.uniform(*LONGEST_SIDE))
    part = None
    # GEOS divides by zero at nearly parallel edges; its result is still right.
    with np.errstate(divide="ignore", invalid="ignore"):
        while part is None:
            # GEOS fails for rare shapes whose outline crosses itself; another shape is drawn.
            with contextlib.suppress(shapely.errors.GEOSException):
                part = _finished(rng, _shape(rng, side), side)
    return part
