"""Simple shapes of random parts, and functions that move and turn them.

Each drawing function takes a random generator, a size and a thickness in metres. It gives a shape
that is about `size` long. If the shape has members, they are about `thickness` thick.
"""

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

__all__ = [
    "SIMPLE_SHAPES",
    "Drawing",
    "angles",
    "arc",
    "bar",
    "bent_stroke",
    "blob",
    "disc",
    "ellipse",
    "irregular_polygon",
    "moved",
    "polar",
    "rectangle",
    "regular_polygon",
    "stroke",
    "turned",
]

Drawing = Callable[[np.random.Generator, float, float], BaseGeometry]
"""Draws a shape from a random generator, a size and the thickness of its members, m."""

_Floats = NDArray[np.float64]


def angles(n: int, start: float = 0.0, sweep: float = 2 * np.pi) -> _Floats:
    """`n` evenly spaced angles `[n]` in [`start`, `start + sweep`), rad."""
    return start + sweep * np.arange(n) / n


def polar(radius: _Floats | float, angle: _Floats) -> _Floats:
    """Points `[n, 2]` in Cartesian coordinates, from radii and angles (rad)."""
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def turned(shape: BaseGeometry, angle: float) -> BaseGeometry:
    """The shape turned about the origin by `angle` rad."""
    cos, sin = np.cos(angle), np.sin(angle)
    return shapely.transform(shape, lambda xy: xy @ np.array([[cos, sin], [-sin, cos]]))


def moved(shape: BaseGeometry, x: float, y: float) -> BaseGeometry:
    """The shape moved by (x, y) m."""
    return shapely.transform(shape, lambda xy: xy + np.array([x, y]))


def bar(length: float, width: float, end_width: float | None = None) -> shapely.Polygon:
    """A bar along x from 0 to `length`, m. It is tapered if `end_width` is given."""
    end = width if end_width is None else end_width
    return shapely.Polygon([(0, -width / 2), (length, -end / 2), (length, end / 2), (0, width / 2)])


def disc(radius: float) -> shapely.Polygon:
    """A disc around the origin, radius in m. A larger disc has more corners."""
    n = int(np.clip(8 + 500 * radius, 12, 40))
    return shapely.Polygon(polar(radius, angles(n)))


def ellipse(width: float, height: float) -> shapely.Polygon:
    """An ellipse around the origin, width along x and height along y, m."""
    return shapely.Polygon(polar(0.5, angles(32)) * (width, height))


def stroke(rng: np.random.Generator, line: _Floats | BaseGeometry, width: float) -> BaseGeometry:
    """A line of a given width, m, with round, flat or square ends and round or sharp corners."""
    line = line if isinstance(line, BaseGeometry) else shapely.LineString(line)
    cap = rng.choice(["round", "flat", "square"])
    join = "round" if cap == "round" else "mitre"
    return shapely.buffer(line, width / 2, quad_segs=5, cap_style=cap, join_style=join)


def rectangle(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A bar, sometimes tapered."""
    taper = thickness * rng.uniform(0.3, 1.0) if rng.random() < 0.3 else None
    return bar(size, thickness, taper)


def regular_polygon(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A regular polygon or a star, sometimes with a smaller height."""
    n = int(rng.integers(3, 9))
    angle, radius = angles(n), np.full(n, size / 2)
    if rng.random() < 0.35:  # a star
        angle, radius = angles(2 * n), np.tile([size / 2, size * rng.uniform(0.15, 0.4)], n)
    squash = rng.uniform(0.4, 1.0) if rng.random() < 0.5 else 1.0
    return shapely.Polygon(polar(radius, angle) * (1.0, squash))


def irregular_polygon(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A polygon with three to nine corners around the origin, often convex."""
    n = int(rng.integers(3, 10))
    angle = np.sort(rng.uniform(0, 2 * np.pi, n))
    corners = shapely.MultiPoint(polar(size / 2 * rng.uniform(0.3, 1.0, n), angle))
    if n > 4 and rng.random() < 0.5:
        return shapely.Polygon(shapely.get_coordinates(corners)).buffer(0)
    return shapely.convex_hull(corners)


def blob(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A smooth outline whose radius is the exponential of a random Fourier series of the angle."""
    angle, order = angles(64), np.arange(1, 6)
    waves = rng.normal(0, 0.35, (2, 5)) / order
    radius = np.exp(
        waves[0] @ np.cos(np.outer(order, angle)) + waves[1] @ np.sin(np.outer(order, angle))
    )
    return shapely.Polygon(polar(radius * size / 2 / radius.max(), angle))


def arc(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A ring or a part of a ring: C, O, hooks, handles."""
    radius = max(size / 2 - thickness / 2, 0.6 * thickness)
    sweep = 2 * np.pi if rng.random() < 0.35 else rng.uniform(1.2, 5.4)
    line = polar(radius, angles(33, rng.uniform(0, 6.3), sweep * 33 / 32))
    line = line * (1.0, rng.uniform(0.6, 1.0))
    return stroke(rng, line, thickness)


def bent_stroke(rng: np.random.Generator, size: float, thickness: float) -> BaseGeometry:
    """A line with straight pieces, bends and corners: hooks, waves, canes, digits, clips, knots."""
    heading, headings, steps = 0.0, [], []
    for _ in range(int(rng.integers(1, 6))):
        if rng.random() < 0.5:
            heading += rng.choice([-1, 1]) * rng.uniform(0.5, 2.4)
        points = 10 if rng.random() < 0.65 else 1
        turning = rng.normal(0.0, 2.0) if points > 1 else 0.0
        headings.append(heading + turning * (np.arange(points) + 0.5) / points)
        steps.append(np.full(points, rng.uniform(0.3, 1.0) / points))
        heading += turning
    moves = polar(np.concatenate(steps), np.concatenate(headings))
    line = np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)])
    line *= max(size - thickness, thickness) / np.ptp(line, axis=0).max()
    return stroke(rng, line, thickness)


SIMPLE_SHAPES: tuple[Drawing, ...] = (
    rectangle,
    regular_polygon,
    irregular_polygon,
    blob,
    arc,
    bent_stroke,
)
"""Drawing functions that do not combine other shapes."""
