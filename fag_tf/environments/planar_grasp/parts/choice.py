"""The polygons of a drawing, and the choice of the one that is to be grasped."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.parts.crossings import check_crossings
from fag_tf.environments.planar_grasp.parts.filled_areas import filled_area
from fag_tf.errors import InputError

__all__ = [
    "DRAWN",
    "SHOWN",
    "STANDING",
    "Choice",
    "check_coordinates",
    "chosen",
    "in_order",
    "listed",
    "polygons_of",
]

MOST_CORNERS = 100_000
"""Greatest number of corners of a part. Whether a polygon is valid takes long for very many
corners, and so does all that follows.
"""

_FARTHEST = 1e30  # of a coordinate, in the units of the file
_MOST_POLYGONS = 10_000
_LISTED = 6
_CLOSED = 1e-9  # of the extent: ends of a line that are nearer to each other are one point
_HOLDERS = ("GeometryCollection", "MultiPolygon", "MultiLineString", "MultiPoint")


class Words(NamedTuple):
    """How messages speak of several objects.

    Attributes:
        shows: what a file does with them.
        one: one of them.
        advice: what to do in place of choosing one.
    """

    shows: str
    one: str
    advice: str


DRAWN = Words("holds", "polygon", "a part is one, holes allowed")
"""Of a drawing."""

SHOWN = Words(
    "shows",
    "object",
    "if there is one alone, take a background without a pattern, or give its silhouette "
    "(fag-tf sample --mask)",
)
"""Of a picture."""

STANDING = Words("shows", "object", "show one alone")
"""Of a depth picture."""


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
    check_crossings(source, rings)
    return [piece for piece in shapely.get_parts(filled_area(rings, "evenodd")) if piece.area > 0]


def in_order(polygons: Sequence[shapely.Polygon]) -> list[shapely.Polygon]:
    """Polygons from left to right, by the least x of each, then by the least y."""
    return sorted(polygons, key=lambda polygon: polygon.bounds[:2])


@dataclass(frozen=True)
class Choice:
    """Which of several objects is to be grasped. Of these, one is given at most.

    Attributes:
        largest: the one with the largest area.
        index: the one of this number, from left to right, from 0.
        select: the one at this point, in the frame that grasps are given in, m.
        select_pixel: the one at this column and row of a picture, as of `PixelFrame`.
    """

    largest: bool = False
    index: int | None = None
    select: tuple[float, float] | None = None
    select_pixel: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        given = self.given()
        if len(given) > 1:
            raise InputError(f"{' and '.join(given)} each choose an object; give one of them")
        for point in (self.select, self.select_pixel):
            if point is not None and not (len(point) == 2 and np.isfinite(point).all()):
                raise InputError(f"--select is {point}; it must be two numbers, such as 0.02,-0.05")

    def given(self) -> list[str]:
        """The options that chose, as they are written."""
        options = {
            "--largest": self.largest,
            "--index": self.index is not None,
            "--select": self.select is not None or self.select_pixel is not None,
        }
        return [name for name, value in options.items() if value]

    @classmethod
    def of(cls, largest: bool, index: int | None, select: str | None) -> "Choice":
        """The choice that options make.

        Args:
            largest: of `--largest`.
            index: of `--index`.
            select: of `--select`: `X,Y` in m, or `COLUMN,ROWpx`.

        Raises:
            InputError: `select` is no such text, or several choose.
        """
        if select is None:
            return cls(largest, index)
        text = select.strip()
        pixels = text.endswith("px")
        try:
            x, y = (float(number) for number in text.removesuffix("px").split(","))
        except ValueError:
            raise InputError(
                f"--select is {select!r:.80}; it must be X,Y in metres, such as 0.02,-0.05, or a "
                "picture's column and row, such as 640,480px"
            ) from None
        if pixels:
            return cls(largest, index, select_pixel=(x, y))
        return cls(largest, index, select=(x, y))


def chosen(
    polygons: Sequence[shapely.Polygon],
    source: str | Path,
    choice: Choice,
    words: Words,
    seen: Sequence[shapely.Polygon] | None = None,
) -> int:
    """Index of the polygon that is to be grasped.

    Args:
        polygons: polygons in m, in the order of `in_order`.
        source: name of the file, for error messages.
        choice: which one is wanted.
        words: how error messages speak of them.
        seen: the same polygons in columns and rows, of a picture.

    Raises:
        InputError: there are several and none is chosen, or none is the one that is chosen.
    """
    what, count = f"{source} {words.shows}", len(polygons)
    if choice.index is not None:
        if not 0 <= choice.index < count:
            raise InputError(
                f"{what} no {words.one} {choice.index}; it {words.shows} {count}: "
                f"{listed(polygons)}"
            )
        return choice.index
    if choice.select_pixel is not None and seen is None:
        raise InputError(f"{source} has no pixels; give --select in metres, such as 0.02,-0.05")
    for point, among in ((choice.select, polygons), (choice.select_pixel, seen)):
        if point is not None and among is not None:
            return _at(point, among, polygons, what, words)
    if count == 1:
        return 0
    if choice.largest:
        return int(np.argmax(shapely.area(np.array(polygons, object))))
    raise InputError(
        f"{what} {count} {words.one}s; {words.advice}, take the largest (--largest), one of them "
        f"(--index K, --select X,Y) or each (fag-tf sample --each), from left to right "
        f"{listed(polygons)}"
    )


def _at(
    point: tuple[float, float],
    among: Sequence[shapely.Polygon],
    polygons: Sequence[shapely.Polygon],
    what: str,
    words: Words,
) -> int:
    """Index of the polygon that holds the point; if none does, of the least that surrounds it."""
    place = shapely.Point(point)
    within = [index for index, each in enumerate(among) if shapely.intersects(each, place)]
    if not within:
        filled = [shapely.Polygon(each.exterior) for each in among]
        within = [index for index, each in enumerate(filled) if shapely.intersects(each, place)]
    if not within:
        raise InputError(
            f"{what} no {words.one} at {point[0]:g},{point[1]:g} (--select); it {words.shows} "
            f"{len(polygons)}: {listed(polygons)}"
        )
    return min(within, key=lambda index: among[index].area)


def listed(polygons: Sequence[shapely.Polygon]) -> str:
    """Sizes and places of the first polygons, in mm."""
    texts = []
    for number, polygon in enumerate(polygons[:_LISTED]):
        x0, y0, x1, y1 = 1e3 * np.array(polygon.bounds)
        # Rounded first, so that rounding errors about 0 are 0.
        x, y = (np.round(0.5 * np.array([x0 + x1, y0 + y1]), 2) + 0.0).tolist()
        texts.append(f"{number} ({x1 - x0:.4g} x {y1 - y0:.4g} mm at {x:.6g}, {y:.6g})")
    return ", ".join(texts) + (", ..." if len(polygons) > _LISTED else "")
