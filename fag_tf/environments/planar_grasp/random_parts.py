"""Random parts, as varied in outline as tools, symbols and household things.

A family draws an outline of roughly the size asked for, with members of the thickness asked for;
what is drawn is then perhaps mirrored and rounded, made one valid polygon, and scaled so that its
longest side is exact. No outline of a font, an icon or a named part is used.
"""

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fag_tf.environments.planar_grasp.parts import centred, longest_side

__all__ = ["LONGEST_SIDE", "MAX_VERTICES", "random_part"]

LONGEST_SIDE = (0.05, 0.17)
"""Least and greatest longest side of a part, m."""

MAX_VERTICES = 150
"""More points than this and the outline is simplified."""

_THICKNESS = (0.006, 0.060)
_LEAST_DETAIL = 1e-4
_LEAST_NECK = 0.002
_LEAST_HOLE = 2e-5  # area, m2: a hole 5 mm across

_Floats = NDArray[np.float64]
_Family = Callable[[np.random.Generator, float, float], BaseGeometry]


def _angles(n: int, start: float = 0.0, sweep: float = 2 * np.pi) -> _Floats:
    return start + sweep * np.arange(n) / n


def _polar(radius: _Floats | float, angle: _Floats) -> _Floats:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _turned(shape: BaseGeometry, angle: float) -> BaseGeometry:
    cos, sin = np.cos(angle), np.sin(angle)
    return shapely.transform(shape, lambda xy: xy @ np.array([[cos, sin], [-sin, cos]]))


def _moved(shape: BaseGeometry, x: float, y: float) -> BaseGeometry:
    return shapely.transform(shape, lambda xy: xy + np.array([x, y]))


def _bar(length: float, width: float, end_width: float | None = None) -> shapely.Polygon:
    """A bar along x from 0 to `length`, perhaps tapered."""
    end = width if end_width is None else end_width
    return shapely.Polygon([(0, -width / 2), (length, -end / 2), (length, end / 2), (0, width / 2)])


def _disc(radius: float) -> shapely.Polygon:
    n = int(np.clip(8 + 500 * radius, 12, 40))
    return shapely.Polygon(_polar(radius, _angles(n)))


def _ellipse(width: float, height: float) -> shapely.Polygon:
    return shapely.Polygon(_polar(0.5, _angles(32)) * (width, height))


def _stroke(rng: np.random.Generator, line: _Floats | BaseGeometry, width: float) -> BaseGeometry:
    """A line drawn with a pen of that width, with round, flat or square ends and corners."""
    line = line if isinstance(line, BaseGeometry) else shapely.LineString(line)
    cap = rng.choice(["round", "flat", "square"])
    join = "round" if cap == "round" else "mitre"
    return shapely.buffer(line, width / 2, quad_segs=5, cap_style=cap, join_style=join)


# --- families: each gives a shape about `size` long, with members about `thickness` thick ---


def _rectangle(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    taper = thickness * rng.uniform(0.3, 1.0) if rng.random() < 0.3 else None
    return _bar(size, thickness, taper)


def _regular_polygon(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    n = int(rng.integers(3, 9))
    angle, radius = _angles(n), np.full(n, size / 2)
    if rng.random() < 0.35:  # a star
        angle, radius = _angles(2 * n), np.tile([size / 2, size * rng.uniform(0.15, 0.4)], n)
    squash = rng.uniform(0.4, 1.0) if rng.random() < 0.5 else 1.0
    return shapely.Polygon(_polar(radius, angle) * (1.0, squash))


def _irregular_polygon(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    n = int(rng.integers(3, 10))
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    corners = shapely.MultiPoint(_polar(size / 2 * rng.uniform(0.3, 1.0, n), angle))
    if n > 4 and rng.random() < 0.5:
        return shapely.Polygon(shapely.get_coordinates(corners)).buffer(0)
    return shapely.convex_hull(corners)


def _blob(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    angle, order = _angles(64), np.arange(1, 6)
    waves = rng.normal(0, 0.35, (2, 5)) / order
    radius = np.exp(
        waves[0] @ np.cos(np.outer(order, angle)) + waves[1] @ np.sin(np.outer(order, angle))
    )
    return shapely.Polygon(_polar(radius * size / 2 / radius.max(), angle))


def _arc(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A ring, or a part of one: C, O, hooks, handles."""
    radius = max(size / 2 - thickness / 2, 0.6 * thickness)
    sweep = 2 * np.pi if rng.random() < 0.35 else rng.uniform(1.2, 5.4)
    line = _polar(radius, _angles(33, rng.uniform(0, 6.3), sweep * 33 / 32))
    line = line * (1.0, rng.uniform(0.6, 1.0))
    return _stroke(rng, line, thickness)


def _bent_stroke(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A smooth or cornered stroke: hooks, waves, springs, canes."""
    smooth = rng.random() < 0.6
    n = 24 if smooth else int(rng.integers(2, 6))
    if smooth:
        bends = np.repeat(rng.normal(0, 3.0, int(rng.integers(1, 4))), 24)
        bends = bends[np.linspace(0, len(bends) - 1, n).astype(int)] / n
    else:
        bends = rng.choice([-1, 1], n) * rng.uniform(0.5, 2.0, n)
    heading = np.cumsum(bends)
    steps = rng.uniform(0.5, 1.0, n) if not smooth else np.ones(n)
    line = np.concatenate([np.zeros((1, 2)), np.cumsum(_polar(steps, heading), axis=0)])
    line *= max(size - thickness, thickness) / np.ptp(line, axis=0).max()
    return _stroke(rng, line, thickness)


def _letter(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """Straight members between points of a small lattice: T, L, F, U, Y, ladders, signs."""
    columns, rows = int(rng.integers(2, 4)), int(rng.integers(2, 4))
    points = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2)
    points = points * np.array([rng.uniform(0.5, 1.0), 1.0]) / (rows - 1)
    points = points * max(size - thickness, thickness)
    reached, members = [int(rng.integers(len(points)))], []
    for _ in range(int(rng.integers(2, 7))):
        begin, end = reached[int(rng.integers(len(reached)))], int(rng.integers(len(points)))
        cells = np.abs([begin % columns - end % columns, begin // columns - end // columns])
        straight = min(cells) == 0 or rng.random() < 0.25
        if begin != end and straight:
            reached.append(end)
            members.append(points[[begin, end]])
    if not members:
        members = [points[[0, -1]]]
    return _stroke(rng, shapely.multilinestrings(np.array(members)), thickness)


def _radial(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """Equal arms about a middle: crosses, plus signs, propellers, asterisks, spoked wheels."""
    arms = int(rng.integers(2, 7))
    arm = _bar(size / 2, thickness, thickness * rng.uniform(0.5, 1.6))
    if rng.random() < 0.3:
        arm = arm.union(_moved(_disc(thickness * rng.uniform(0.5, 1.0)), size / 2, 0))
    pieces = [_turned(arm, angle) for angle in _angles(arms)]
    if rng.random() < 0.4:
        pieces.append(_disc(thickness * rng.uniform(0.6, 1.5)))
    if rng.random() < 0.25:
        rim = shapely.LinearRing(_polar(size / 2, _angles(32)))
        pieces.append(shapely.buffer(rim, thickness / 2, quad_segs=4))
    return shapely.union_all(pieces)


def _gear(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    teeth = int(rng.integers(6, 17))
    inner = size / 2 * rng.uniform(0.72, 0.9)
    angle = _angles(4 * teeth) + np.tile([0.1, 0.0, 0.0, -0.1], teeth) / teeth
    gear = shapely.Polygon(_polar(np.tile([size / 2, size / 2, inner, inner], teeth), angle))
    hole = inner - thickness
    return gear - _disc(hole) if hole > 0.003 and rng.random() < 0.7 else gear


def _plate(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A plate with up to four holes: brackets, washers, locks, flanges."""
    height = size * rng.uniform(0.3, 1.0)
    if rng.random() < 0.3:
        plate, limits = _ellipse(size, height), (0.33, 0.33)
    elif rng.random() < 0.3:
        plate = _regular_polygon(rng, size, thickness)
        limits = (0.25, 0.25)
        height = float(np.subtract(*plate.bounds[3::-2]))
    else:
        plate, limits = _moved(_bar(size, height), -size / 2, 0), (0.45, 0.45)
    count = int(rng.integers(0, 5))
    for k in range(count):
        angle = 2 * np.pi * k / max(count, 1) + 0.7
        away = (0.0, 0.0) if count == 1 else (0.55 * np.cos(angle), 0.55 * np.sin(angle))
        room = 0.5 * min(size * limits[0], height * limits[1]) * rng.uniform(0.5, 1.1)
        hole = _disc(room) if rng.random() < 0.6 else _moved(_bar(2 * room, 1.2 * room), -room, 0)
        plate = plate - _moved(hole, away[0] * size * limits[0], away[1] * height * limits[1])
    return plate


def _profile(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """Something turned on a lathe seen from its side: bottles, vases, bulbs, chess men, pins."""
    knots = int(rng.integers(3, 7))
    width = rng.uniform(0.25, 1.0, knots) * max(thickness, 0.25 * size)
    place = np.sort(np.append(rng.uniform(0, 1, knots - 2), [0.0, 1.0]))
    along = np.linspace(0, 1, 28)
    if rng.random() < 0.5:
        weight = (1 - np.cos(np.pi * _fraction(along, place))) / 2
        index = np.clip(np.searchsorted(place, along, "right") - 1, 0, knots - 2)
        half = 0.5 * (width[index] + weight * (width[index + 1] - width[index]))
    else:
        half = 0.5 * np.interp(along, place, width)
    side = np.stack([along * size, half], axis=1)
    shape: BaseGeometry = shapely.Polygon(np.concatenate([side, side[::-1] * (1, -1)]))
    if rng.random() < 0.35:  # the handle of a mug, jug or kettle
        handle = shapely.LinearRing(_polar(size * rng.uniform(0.15, 0.3), _angles(24)))
        pen = shapely.buffer(handle, float(rng.uniform(0.004, 0.008)), quad_segs=4)
        shape = shape.union(_moved(pen, size * rng.uniform(0.35, 0.65), half.mean()))
    return shape


def _fraction(along: _Floats, place: _Floats) -> _Floats:
    index = np.clip(np.searchsorted(place, along, "right") - 1, 0, len(place) - 2)
    return (along - place[index]) / np.maximum(place[index + 1] - place[index], 1e-9)


def _head(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """What sits at the end of a handle, about the origin, the handle towards -x."""
    kind = int(rng.integers(6))
    across = size * rng.uniform(0.6, 1.6)
    if kind == 0:  # hammer, rake, mallet
        return _moved(
            _turned(_bar(across, thickness), np.pi / 2), 0, -across * rng.uniform(0.3, 0.7)
        )
    if kind == 1:  # spoon, paddle, bat
        return _ellipse(size, across)
    if kind == 2:  # spanner, key, loop
        ring = _disc(size / 2) - _disc(size * rng.uniform(0.2, 0.35))
        jaw = _turned(_bar(size, size * rng.uniform(0.2, 0.5)), rng.uniform(-0.5, 0.5))
        return ring - jaw if rng.random() < 0.5 else ring
    if kind == 3:  # fork, rake, comb
        tines = int(rng.integers(2, 5))
        pitch = 2 * max(thickness * 0.6, 0.006)
        back = _moved(_bar(pitch / 2, pitch * (tines - 0.5)), -pitch / 4, 0)
        tine = _bar(size, pitch / 2)
        return shapely.union_all(
            [back] + [_moved(tine, 0, pitch * (k - (tines - 1) / 2)) for k in range(tines)]
        )
    if kind == 4:  # axe, spade, arrow
        return _irregular_polygon(rng, 1.2 * size, thickness)
    return _moved(_bar(size, across, across * rng.uniform(0.3, 1.0)), -size / 2, 0)


def _handled(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A handle with a head at one end, or at both."""
    thickness = min(thickness, 0.25 * size)
    handle = _bar(size, thickness, thickness * rng.uniform(0.4, 1.2))
    pieces = [handle]
    for end in range(1 + (rng.random() < 0.3)):
        head = _head(rng, size * rng.uniform(0.2, 0.45), thickness * rng.uniform(0.8, 1.6))
        pieces.append(_moved(head, size, 0) if end == 0 else _turned(head, np.pi))
    return shapely.union_all(pieces)


def _crossed(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """Two like members that cross: scissors, pliers, tongs, an X."""
    thickness = min(thickness, 0.2 * size)
    blade = _moved(
        _bar(size, thickness, thickness * rng.uniform(0.4, 1.0)), -size * rng.uniform(0.3, 0.7), 0
    )
    if rng.random() < 0.6:
        radius = size * rng.uniform(0.08, 0.16)
        ring = shapely.LinearRing(_polar(radius, _angles(20)))
        eye = shapely.buffer(ring, max(0.004, 0.35 * radius), quad_segs=3)
        blade = blade.union(_moved(eye, blade.bounds[0], radius * 0.8))
    angle = rng.uniform(0.15, 0.9)
    other = shapely.transform(blade, lambda xy: xy * (1, -1))
    return _turned(blade, angle).union(_turned(other, -angle))


_SIMPLE: tuple[_Family, ...] = (
    _rectangle,
    _regular_polygon,
    _irregular_polygon,
    _blob,
    _arc,
    _bent_stroke,
)


def _assembly(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """Two to five simple shapes, each laid onto one that is there already."""
    whole: BaseGeometry | None = None
    for _ in range(int(rng.integers(2, 6))):
        make = _SIMPLE[int(rng.integers(len(_SIMPLE)))]
        piece = make(rng, size * rng.uniform(0.3, 0.7), thickness)
        piece = _turned(piece, rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)]))
        centre = np.array(shapely.point_on_surface(piece).coords[0])
        if whole is None:
            whole, anchor = _moved(piece, *-centre), np.zeros(2)
        else:
            corners = shapely.get_coordinates(whole)
            anchor = corners[int(rng.integers(len(corners)))] * rng.uniform(0.6, 1.0)
            whole = whole.union(_moved(piece, *(anchor - centre)))
    assert whole is not None
    return whole


_FAMILIES: tuple[tuple[_Family, float], ...] = (
    (_rectangle, 0.03),
    (_regular_polygon, 0.06),
    (_irregular_polygon, 0.06),
    (_blob, 0.09),
    (_arc, 0.08),
    (_bent_stroke, 0.10),
    (_letter, 0.13),
    (_radial, 0.07),
    (_gear, 0.03),
    (_plate, 0.06),
    (_profile, 0.07),
    (_handled, 0.12),
    (_crossed, 0.04),
    (_assembly, 0.06),
)
_SHARES = np.cumsum([share for _, share in _FAMILIES])


def _mirrored(rng: np.random.Generator, shape: BaseGeometry) -> BaseGeometry:
    """The shape joined to its mirror image about a line through it."""
    low, _, high, _ = shape.bounds
    line = low + rng.uniform(0.0, 0.5) * (high - low)
    return shape.union(shapely.transform(shape, lambda xy: xy * (-1, 1) + (2 * line, 0)))


def _one_polygon(shape: BaseGeometry) -> shapely.Polygon:
    """The largest polygon of it, without pin holes; an empty one if there is none."""
    pieces = shapely.get_parts(shape)
    pieces = pieces[shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON]
    if not len(pieces):
        return shapely.Polygon()
    piece = pieces[np.argmax(shapely.area(pieces))]
    holes = [ring for ring in piece.interiors if shapely.Polygon(ring).area > _LEAST_HOLE]
    return shapely.Polygon(piece.exterior, holes)


def _finished(rng: np.random.Generator, shape: BaseGeometry, side: float) -> shapely.Polygon | None:
    """One valid, centred polygon with that longest side; None if the shape came to nothing."""
    part = _one_polygon(shape)
    # A neck thinner than 2 mm is not a real thing's.
    necked = shapely.buffer(part, -_LEAST_NECK / 2, join_style="mitre")
    rounding = rng.uniform(0.001, 0.006) if rng.random() < 0.4 else 0.0
    if rounding:
        inside = shapely.buffer(
            shapely.buffer(part, -rounding, quad_segs=4), 2 * rounding, quad_segs=4
        )
        rounded = shapely.buffer(inside, -rounding, quad_segs=4)
        part = _one_polygon(rounded) if rounded.area > 0.7 * part.area else part
    elif necked.geom_type != "Polygon":
        part = _one_polygon(shapely.buffer(necked, _LEAST_NECK / 2, join_style="mitre"))
    if part.is_empty:
        return None
    scale = side / longest_side(part)
    part = shapely.transform(part, lambda xy: xy * scale)
    detail = _LEAST_DETAIL
    part = shapely.simplify(part, detail)
    while shapely.get_num_coordinates(part) > MAX_VERTICES:
        detail *= 1.6
        part = shapely.simplify(part, detail)
    if part.geom_type != "Polygon" or not part.is_valid or part.area < 0.01 * side**2:
        return None
    # Simplifying may move the longest side by its tolerance.
    scale = side / longest_side(part)
    return centred(shapely.transform(part, lambda xy: xy * scale))


def random_part(rng: np.random.Generator) -> shapely.Polygon:
    """Draw a part: one valid polygon, perhaps with holes, its centroid at the origin.

    Its longest side is uniform in `LONGEST_SIDE`, its members 6 to 60 mm thick before it is brought
    to that size, log-uniform. Not every part can be grasped.
    """
    side = float(rng.uniform(*LONGEST_SIDE))
    while True:
        thickness = float(np.exp(rng.uniform(*np.log(_THICKNESS))))
        family = _FAMILIES[int(np.searchsorted(_SHARES, rng.uniform(0, _SHARES[-1])))][0]
        shape = family(rng, side, min(thickness, 0.6 * side))
        if rng.random() < 0.15:
            shape = _mirrored(rng, shape)
        part = _finished(rng, shape, side)
        if part is not None:
            return part
