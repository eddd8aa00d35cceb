"""Families of random parts, similar to tools, symbols and household objects.

No outline of a font, an icon or a named part is used.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fag_tf.environments.planar_grasp.parts.primitives import (
    SIMPLE_SHAPES,
    Drawing,
    angles,
    arc,
    bar,
    bent_stroke,
    blob,
    disc,
    ellipse,
    irregular_polygon,
    moved,
    polar,
    rectangle,
    regular_polygon,
    stroke,
    turned,
)

__all__ = ["FAMILIES"]


def _letter(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """Straight members between points of a small grid: T, L, F, U, Y, ladders, signs."""
    columns, rows = int(rng.integers(2, 4)), int(rng.integers(2, 4))
    points = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2)
    points = points * np.array([rng.uniform(0.5, 1.0), 1.0]) / (rows - 1)
    points = points * max(size - thickness, thickness)
    reached = [int(rng.integers(len(points)))]
    members: list[NDArray[np.float64]] = []
    wanted = int(rng.integers(2, 7))
    while len(members) < wanted:
        begin, end = reached[int(rng.integers(len(reached)))], int(rng.integers(len(points)))
        slanted = begin % columns != end % columns and begin // columns != end // columns
        if begin != end and (not slanted or rng.random() < 0.2):
            reached.append(end)
            members.append(points[[begin, end]])
    return stroke(rng, shapely.multilinestrings(np.array(members)), thickness)


def _radial(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """Equal arms around a centre: crosses, plus signs, propellers, asterisks, spoked wheels."""
    arms = int(rng.integers(2, 7))
    arm = bar(size / 2, thickness, thickness * rng.uniform(0.5, 1.6))
    if rng.random() < 0.3:
        arm = arm.union(moved(disc(thickness * rng.uniform(0.5, 1.0)), size / 2, 0))
    pieces = [turned(arm, angle) for angle in angles(arms)]
    if rng.random() < 0.4:
        pieces.append(disc(thickness * rng.uniform(0.6, 1.5)))
    if rng.random() < 0.25:
        rim = shapely.LinearRing(polar(size / 2, angles(32)))
        pieces.append(shapely.buffer(rim, thickness / 2, quad_segs=4))
    return shapely.union_all(pieces)


def _gear(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    teeth = int(rng.integers(6, 17))
    inner = size / 2 * rng.uniform(0.72, 0.9)
    angle = angles(4 * teeth) + np.tile([0.1, 0.0, 0.0, -0.1], teeth) / teeth
    gear = shapely.Polygon(polar(np.tile([size / 2, size / 2, inner, inner], teeth), angle))
    hole = inner - thickness
    return gear - disc(hole) if hole > 0.003 and rng.random() < 0.7 else gear


def _plate(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A plate with up to four holes: brackets, washers, locks, flanges."""
    height = size * rng.uniform(0.3, 1.0)
    if rng.random() < 0.3:
        plate, limits = ellipse(size, height), (0.33, 0.33)
    elif rng.random() < 0.3:
        plate = regular_polygon(rng, size, thickness)
        limits = (0.25, 0.25)
        height = float(np.subtract(*plate.bounds[3::-2]))
    else:
        plate, limits = moved(bar(size, height), -size / 2, 0), (0.45, 0.45)
    count = int(rng.integers(0, 5))
    for k in range(count):
        angle = 2 * np.pi * k / max(count, 1) + 0.7
        away = (0.0, 0.0) if count == 1 else (0.55 * np.cos(angle), 0.55 * np.sin(angle))
        room = 0.5 * min(size * limits[0], height * limits[1]) * rng.uniform(0.5, 1.1)
        hole = disc(room) if rng.random() < 0.6 else moved(bar(2 * room, 1.2 * room), -room, 0)
        plate = plate - moved(hole, away[0] * size * limits[0], away[1] * height * limits[1])
    return plate


def _profile(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """The side view of a round object: bottles, vases, bulbs, chess pieces, pins."""
    knots = int(rng.integers(3, 7))
    width = rng.uniform(0.25, 1.0, knots) * max(thickness, 0.25 * size)
    place = np.sort(np.append(rng.uniform(0, 1, knots - 2), [0.0, 1.0]))
    along = np.linspace(0, 1, 28)
    knot = np.interp(along, place, np.arange(knots))
    if rng.random() < 0.5:  # round between the knots, not conical
        whole = np.floor(knot)
        knot = whole + 0.5 * (1 - np.cos(np.pi * (knot - whole)))
    half = 0.5 * np.interp(knot, np.arange(knots), width)
    side = np.stack([along * size, half], axis=1)
    shape: BaseGeometry = shapely.Polygon(np.concatenate([side, side[::-1] * (1, -1)]))
    if rng.random() < 0.35:  # the handle of a mug, jug or kettle
        handle = shapely.LinearRing(polar(size * rng.uniform(0.15, 0.3), angles(24)))
        pen = shapely.buffer(handle, float(rng.uniform(0.004, 0.008)), quad_segs=4)
        shape = shape.union(moved(pen, size * rng.uniform(0.35, 0.65), half.mean()))
    return shape


def _head(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """The head at the end of a handle, around the origin; the handle lies towards -x."""
    kind = int(rng.integers(6))
    across = size * rng.uniform(0.6, 1.6)
    if kind == 0:  # hammer, rake, mallet
        return moved(turned(bar(across, thickness), np.pi / 2), 0, -across * rng.uniform(0.3, 0.7))
    if kind == 1:  # spoon, paddle, bat
        return ellipse(size, across)
    if kind == 2:  # spanner, key, loop
        ring = disc(size / 2) - disc(size * rng.uniform(0.2, 0.35))
        jaw = turned(bar(size, size * rng.uniform(0.2, 0.5)), rng.uniform(-0.5, 0.5))
        return ring - jaw if rng.random() < 0.5 else ring
    if kind == 3:  # fork, rake, comb
        tines = int(rng.integers(2, 5))
        pitch = 2 * max(thickness * 0.6, 0.006)
        back = moved(bar(pitch / 2, pitch * (tines - 0.5)), -pitch / 4, 0)
        tine = bar(size, pitch / 2)
        return shapely.union_all(
            [back] + [moved(tine, 0, pitch * (k - (tines - 1) / 2)) for k in range(tines)]
        )
    if kind == 4:  # axe, spade, arrow
        return irregular_polygon(rng, 1.2 * size, thickness)
    return moved(bar(size, across, across * rng.uniform(0.3, 1.0)), -size / 2, 0)


def _handled(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A handle with a head at one end or at both ends."""
    thickness = min(thickness, 0.25 * size)
    handle = bar(size, thickness, thickness * rng.uniform(0.4, 1.2))
    pieces = [handle]
    for end in range(1 + (rng.random() < 0.3)):
        head = _head(rng, size * rng.uniform(0.2, 0.45), thickness * rng.uniform(0.8, 1.6))
        pieces.append(moved(head, size, 0) if end == 0 else turned(head, np.pi))
    return shapely.union_all(pieces)


def _crossed(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """Two equal members that cross: scissors, pliers, tongs, an X."""
    thickness = min(thickness, 0.2 * size)
    blade = moved(
        bar(size, thickness, thickness * rng.uniform(0.4, 1.0)), -size * rng.uniform(0.3, 0.7), 0
    )
    if rng.random() < 0.6:
        radius = size * rng.uniform(0.08, 0.16)
        ring = shapely.LinearRing(polar(radius, angles(20)))
        eye = shapely.buffer(ring, max(0.004, 0.35 * radius), quad_segs=3)
        blade = blade.union(moved(eye, blade.bounds[0], radius * 0.8))
    angle = rng.uniform(0.15, 0.9)
    other = shapely.transform(blade, lambda xy: xy * (1, -1))
    return turned(blade, angle).union(turned(other, -angle))


def _crescent(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A round shape without a smaller round piece: moons, beans, sickles, jaws."""
    round_ = ellipse(size, size * rng.uniform(0.5, 1.0))
    bite = disc(size * rng.uniform(0.2, 0.5))
    angle, away = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.2, 0.5)
    return round_ - moved(bite, away * np.cos(angle), away * np.sin(angle))


def _comb(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A bar with teeth along one side: combs, saws, racks, brushes, castles."""
    spine = min(max(thickness, 0.008), 0.4 * size)
    teeth = int(rng.integers(2, 9))
    pitch = size / teeth
    tooth = bar(rng.uniform(0.3, 2.5) * pitch, pitch * rng.uniform(0.3, 0.7))
    if rng.random() < 0.4:
        tooth = shapely.Polygon(
            [(0, -pitch / 2), (pitch * rng.uniform(0.4, 1.2), 0), (0, pitch / 2)]
        )
    upright = moved(turned(tooth, np.pi / 2), 0, spine / 2 - 1e-4)
    row = [moved(upright, pitch * (k + 0.5), 0) for k in range(teeth)]
    return shapely.union_all([bar(size, spine), *row])


def _assembly(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """Two to five simple shapes, each placed on the shape so far."""
    whole: BaseGeometry | None = None
    for _ in range(int(rng.integers(2, 6))):
        make = SIMPLE_SHAPES[int(rng.integers(len(SIMPLE_SHAPES)))]
        piece = make(rng, size * rng.uniform(0.3, 0.7), thickness)
        piece = turned(piece, rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)]))
        centre = np.array(shapely.point_on_surface(piece).coords[0])
        if whole is None:
            whole, anchor = moved(piece, *-centre), np.zeros(2)
        else:
            corners = shapely.get_coordinates(whole)
            anchor = corners[int(rng.integers(len(corners)))] * rng.uniform(0.6, 1.0)
            whole = whole.union(moved(piece, *(anchor - centre)))
    assert whole is not None
    return whole


FAMILIES: tuple[tuple[Drawing, float], ...] = (
    (rectangle, 0.03),
    (regular_polygon, 0.05),
    (irregular_polygon, 0.05),
    (blob, 0.07),
    (arc, 0.06),
    (bent_stroke, 0.14),
    (_letter, 0.15),
    (_radial, 0.07),
    (_gear, 0.02),
    (_plate, 0.05),
    (_profile, 0.06),
    (_handled, 0.11),
    (_crossed, 0.04),
    (_crescent, 0.02),
    (_comb, 0.02),
    (_assembly, 0.06),
)
"""Drawing functions, each with its share of the parts."""
