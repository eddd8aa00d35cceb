"""Reading of a user's part, one polygon in metres, from WKT, GeoJSON or a silhouette's image."""

import itertools
import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import shapely

from fag_tf._utils.files import read_text
from fag_tf.environments.planar_grasp.parts.choice import (
    DRAWN,
    Choice,
    check_coordinates,
    chosen,
    polygons_of,
)
from fag_tf.environments.planar_grasp.parts.outlines import simplified, traced
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.environments.planar_grasp.images.covers import Cover

__all__ = [
    "PART_SUFFIXES",
    "PICTURE_SUFFIXES",
    "UNITS",
    "only_polygon",
    "parse_outline",
    "read_part",
    "read_polygons",
    "trace_cover",
    "trace_part",
]

UNITS = MappingProxyType({"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254})
"""Length in metres of each unit that a file of coordinates may use."""

PART_SUFFIXES = (".wkt", ".txt", ".geojson", ".json")
"""Suffixes of files of coordinates."""

PICTURE_SUFFIXES = (
    *(".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".webp"),
    *(".heic", ".heif"),
)
"""Suffixes of images of silhouettes."""

MOST_BYTES = 1 << 23
"""Greatest size of a file of coordinates."""

_MOST_BRACKETS = 32
_SRID = re.compile(r"\A\s*SRID\s*=\s*\d+\s*;", re.IGNORECASE)  # of EWKT
_DETAIL = 0.25  # pixels
ONLY = Choice()


def _plain(message: str) -> str:
    """The first line of a parser's message without the names of its exceptions."""
    line = next(iter(message.strip().splitlines()), "")
    return re.sub(r"\w+Exception: |Error parsing JSON: |'?\[json\.exception[^]]*\] |'$", "", line)


def _read_geometry(path: Path) -> shapely.Geometry:
    kind = "GeoJSON" if path.suffix.lower() in (".geojson", ".json") else "WKT"
    text = read_text(path, MOST_BYTES)
    return _parsed(_SRID.sub("", text) if kind == "WKT" else text, kind, path)


def _parsed(text: str, kind: str, source: str | Path) -> shapely.Geometry:
    if not text.strip():
        raise InputError(f"{source} is empty; a part is one polygon in {kind}")
    if _depth(text) > _MOST_BRACKETS:
        raise InputError(f"{source} nests more brackets than a polygon in {kind} has")
    try:
        with np.errstate(all="ignore"):  # `only_polygon` reports values that are not finite
            return shapely.from_geojson(text) if kind == "GeoJSON" else shapely.from_wkt(text)
    except shapely.errors.ShapelyError as error:
        raise InputError(f"{source} is not readable as {kind}: {_plain(str(error))}") from error
    except UnicodeDecodeError as error:  # of the parser's own message
        raise InputError(f"{source} is not readable as {kind}: it is damaged") from error
    except NotImplementedError as error:
        raise InputError(
            f"{source} holds curves; a part is one polygon of straight edges"
        ) from error


def _depth(text: str) -> int:
    """Depth of nested brackets in a text. The parser makes a recursive call for each level."""
    brackets = re.findall(r"[][(){}]", text)
    return max(itertools.accumulate(1 if one in "([{" else -1 for one in brackets), default=0)


def _reason(polygon: shapely.Polygon) -> str:
    return str(shapely.is_valid_reason(polygon)).replace("[", " at (").replace("]", ")")


def only_polygon(geometry: shapely.Geometry | None, source: str | Path) -> shapely.Polygon:
    """The polygon of a geometry that is one polygon or holds only one polygon.

    Args:
        geometry: geometry that was read.
        source: name of the file, for error messages.

    Raises:
        InputError: the geometry is empty, is not finite, is not one polygon, or is not valid.
    """
    if geometry is None or geometry.is_empty:
        raise InputError(f"{source} holds an empty geometry; a part is one polygon")
    check_coordinates(geometry, source)
    pieces = shapely.get_parts(shapely.force_2d(geometry))
    if len(pieces) == 1:  # it may be a multipolygon within a collection
        pieces = shapely.get_parts(pieces[0])
    kinds = sorted({piece.geom_type for piece in pieces})
    if kinds != ["Polygon"]:
        raise InputError(f"{source} holds a {' and a '.join(kinds)}; a part is one polygon")
    if len(pieces) != 1:
        raise InputError(f"{source} holds {len(pieces)} polygons; a part is one, holes allowed")
    with np.errstate(all="ignore"):  # of sizes that `check_extent` refuses
        is_valid = pieces[0].is_valid
    if not is_valid:
        raise InputError(
            f"the polygon in {source} is not valid: {_reason(pieces[0])}; "
            "its rings must enclose an area and neither cross nor touch along a line"
        )
    return pieces[0]


def parse_outline(text: str, source: str) -> shapely.Polygon:
    """Read the outline of a part from WKT text in metres.

    Args:
        text: the WKT text.
        source: name of the part, for error messages.

    Raises:
        InputError: the text is not one valid polygon.
    """
    return only_polygon(_parsed(text, "WKT", source), source)


def read_part(path: str | Path, units: str = "m", scale: float = 1.0) -> shapely.Polygon:
    """Read a part from a file of coordinates that holds one polygon; see `read_polygons`.

    Raises:
        InputError: `read_polygons` raises it, or the file holds several polygons.
    """
    polygons = read_polygons(path, units, scale)
    return polygons[chosen(polygons, path, ONLY, DRAWN)]


def read_polygons(path: str | Path, units: str = "m", scale: float = 1.0) -> list[shapely.Polygon]:
    """Read all polygons of a file of coordinates, WKT, EWKT or GeoJSON by its suffix.

    A closed line encloses a polygon, see `choice.polygons_of`. The spatial reference of EWKT
    (`SRID=...;`) is passed over: coordinates are lengths.

    Args:
        path: the file.
        units: unit of the coordinates: m, cm, mm or in.
        scale: factor by which the part is enlarged about the origin of the file.

    Returns:
        Valid polygons in metres, in the frame of the file and the order of `choice.in_order`.

    Raises:
        InputError: the file is missing, cannot be read or holds something else, or an option is
            invalid.
    """
    path = Path(path)
    if units not in UNITS:
        raise InputError(f"no unit is called {units!r}; there are {', '.join(UNITS)}")
    factor = _factor(scale) * UNITS[units]
    if path.suffix.lower() not in PART_SUFFIXES:
        raise InputError(
            f"{path} is no file of a part's coordinates; it must end in {', '.join(PART_SUFFIXES)}"
        )
    polygons = polygons_of(_read_geometry(path), path)
    return [shapely.transform(each, lambda xy: xy * factor) for each in polygons]


def trace_part(
    path: str | Path,
    width_m: float | None = None,
    choice: Choice = ONLY,
    scale: float = 1.0,
) -> tuple[shapely.Polygon, tuple[str, ...]]:
    """Trace the outline of the object in an image of a silhouette, where pixels are half covered.

    Args:
        path: the image; see `fag_tf.environments.planar_grasp.images.segmentation.read_cover`.
        width_m: width of the image, m; if None, the image, padded to a square, is the whole table.
        choice: which of several objects is taken. `largest` also takes the largest piece of an
            object that falls into several.
        scale: factor by which the part is enlarged about the centre of the image.

    Returns:
        One valid polygon in metres, with the centre of the image at the origin and y up; and notes
        for the user.

    Raises:
        InputError: the image cannot be used, or the outline of its object is not one polygon.
    """
    # Pillow is slow to load, and files of coordinates do not need it.
    from fag_tf.environments.planar_grasp.images.segmentation import read_cover

    factor = _factor(scale)
    cover = read_cover(Path(path), width_m, choice)
    return trace_cover(cover, Path(path), choice.largest, factor), cover.notes


def trace_cover(
    cover: "Cover", path: Path, largest: bool = False, factor: float = 1.0
) -> shapely.Polygon:
    """Trace the outline of an object of a picture, see `trace_part`.

    Raises:
        InputError: the outline is not one polygon.
    """
    from fag_tf.environments.planar_grasp.images.separation import SPECK_SHARE

    pieces = traced(cover.share)
    areas = shapely.area(pieces)
    large = np.flatnonzero(areas > SPECK_SHARE * areas.max())
    if len(large) > 1 and not largest:
        raise InputError(
            f"the object in {path} falls into {len(large)} pieces that hang together by less than "
            "half a pixel; draw what joins them wider, or take the largest (--largest)"
        )
    outline = simplified(pieces[int(np.argmax(areas))], _DETAIL, path)
    pitch = factor * cover.pitch
    return only_polygon(shapely.transform(outline, lambda xy: xy * pitch), path)


def _factor(scale: float) -> float:
    if not (np.isfinite(scale) and scale > 0):
        raise InputError(f"scale is {scale}; it must be a number above 0")
    return scale
