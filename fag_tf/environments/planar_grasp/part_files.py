"""A user's own part: one polygon in metres, from a WKT or GeoJSON file or from a silhouette."""

import itertools
from pathlib import Path
from types import MappingProxyType

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from fag_tf.environments.planar_grasp.parts import longest_side
from fag_tf.environments.planar_grasp.random_parts import LONGEST_SIDE
from fag_tf.errors import InputError

__all__ = ["PART_SUFFIXES", "PICTURE_SUFFIXES", "UNITS", "read_part", "size_remark"]

UNITS = MappingProxyType({"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254})
"""Metres in each unit that a file of coordinates may be in."""

PART_SUFFIXES = (".wkt", ".txt", ".geojson", ".json")
"""Files of coordinates."""

PICTURE_SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff")
"""Files of silhouettes."""

_GREATEST_PICTURE = 4096
_LEAST_CONTRAST = 0.1
_SPECK = 0.01  # of the largest piece
_PIN_HOLE = 4.0  # pixels
_DETAIL = 0.25  # pixels


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _read_geometry(path: Path) -> shapely.Geometry:
    geojson = path.suffix.lower() in (".geojson", ".json")
    kind = "GeoJSON" if geojson else "WKT"
    try:
        text = _read_bytes(path).decode("utf-8-sig")
        with np.errstate(invalid="ignore"):  # what is not a number is reported by its own check
            return shapely.from_geojson(text) if geojson else shapely.from_wkt(text)
    except (UnicodeDecodeError, shapely.errors.ShapelyError) as error:
        raise InputError(f"{path} is not readable as {kind}: {_first_line(error)}") from error


def _only_polygon(geometry: shapely.Geometry | None, path: Path) -> shapely.Polygon:
    """The polygon that the geometry is, or holds as its only member."""
    if geometry is None or geometry.is_empty:
        raise InputError(f"{path} holds an empty geometry; a part is one polygon")
    xy = shapely.get_coordinates(geometry)
    if not np.isfinite(xy).all():
        raise InputError(f"{path} holds a coordinate that is not finite; all must be numbers")
    pieces = shapely.get_parts(shapely.force_2d(geometry))
    if len(pieces) == 1:  # perhaps a multipolygon within a collection
        pieces = shapely.get_parts(pieces[0])
    kinds = sorted({piece.geom_type for piece in pieces})
    if kinds != ["Polygon"]:
        raise InputError(f"{path} holds a {' and a '.join(kinds)}; a part is one polygon")
    if len(pieces) != 1:
        raise InputError(f"{path} holds {len(pieces)} polygons; a part is one, holes allowed")
    if not pieces[0].is_valid:
        raise InputError(
            f"the polygon in {path} is not valid: {shapely.is_valid_reason(pieces[0])}; "
            "its rings must neither cross nor touch along a line"
        )
    return pieces[0]


def _grey(path: Path) -> NDArray[np.float64]:
    """The picture's brightness, or its opacity if that varies, in [0, 1], `[H, W]`."""
    try:
        with Image.open(path) as picture:
            if max(picture.size) > _GREATEST_PICTURE:
                raise InputError(
                    f"{path} is {picture.width} x {picture.height} pixels; "
                    f"at most {_GREATEST_PICTURE} a side"
                )
            opacity = np.asarray(picture.convert("RGBA"))[..., 3] / 255.0
            if np.ptp(opacity) > _LEAST_CONTRAST:
                return opacity
            if picture.mode.startswith(("I", "F")):  # 16-bit grey, which convert("L") cuts off
                values = np.asarray(picture, np.float64)
                return values / max(values.max(), 1.0)
            return np.asarray(picture.convert("L")) / 255.0
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is not a picture that can be read, such as a PNG") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot read {path}: {_first_line(error)}") from error


def _trace(path: Path, width_m: float | None) -> shapely.Polygon:
    """The outline of the one object in a silhouette, the picture's centre at the origin, y up."""
    if width_m is None or not (np.isfinite(width_m) and width_m > 0):
        raise InputError(
            f"the picture's width is {width_m}; give the metres that {path} spans from its left "
            "edge to its right, such as 0.3"
        )
    grey = _grey(path)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    # What is unlike the border is the object, be it dark on light or light on dark.
    object_share = np.abs(grey - np.median(border))
    contrast = object_share.max()
    if contrast < _LEAST_CONTRAST:
        raise InputError(f"{path} shows no object: nothing in it stands out from its border")
    padded = np.pad(object_share / contrast, 1)  # closes the outline of an object at the border
    height, width = grey.shape
    tracer = contourpy.contour_generator(
        np.arange(-1, width + 1) + 0.5 - width / 2,
        height / 2 - (np.arange(-1, height + 1) + 0.5),
        padded,
        fill_type=contourpy.FillType.OuterOffset,
    )
    pieces = []
    for points, offsets in zip(*tracer.filled(0.5, 2.0), strict=True):
        rings = [points[a:b] for a, b in itertools.pairwise(offsets)]
        holes = [ring for ring in rings[1:] if shapely.Polygon(ring).area > _PIN_HOLE]
        pieces.append(shapely.Polygon(rings[0], holes))
    areas = shapely.area(pieces)
    large = np.flatnonzero(areas > _SPECK * areas.max())
    if len(large) > 1:
        raise InputError(f"{path} shows {len(large)} objects; a part is one")
    traced = shapely.simplify(pieces[large[0]], _DETAIL)
    return shapely.transform(traced, lambda xy: xy * (width_m / width))


def read_part(
    path: str | Path, units: str = "m", scale: float = 1.0, width_m: float | None = None
) -> shapely.Polygon:
    """Read a part from a file: coordinates as WKT or GeoJSON, or a silhouette as a picture.

    Args:
        path: the file; its suffix tells what it is.
        units: of a file of coordinates: m, cm, mm or in.
        scale: by which the part is enlarged after that, about the file's origin.
        width_m: of a picture: how many metres it spans. Its centre is the origin.

    Returns:
        One valid polygon in metres in the file's frame, which for coordinates is the table's.

    Raises:
        InputError: the file is missing, unreadable or holds no single valid polygon.
    """
    path = Path(path)
    if units not in UNITS:
        raise InputError(f"no unit is called {units!r}; there are {', '.join(UNITS)}")
    if not (np.isfinite(scale) and scale > 0):
        raise InputError(f"scale is {scale}; it must be a number above 0")
    suffix = path.suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        _read_bytes(path)  # says why if it cannot be read
        part = _only_polygon(_trace(path, width_m), path)
        factor = scale
    elif suffix in PART_SUFFIXES:
        part = _only_polygon(_read_geometry(path), path)
        factor = scale * UNITS[units]
    else:
        raise InputError(
            f"{path} has no suffix of a part's file; there are "
            f"{', '.join(PART_SUFFIXES + PICTURE_SUFFIXES)}"
        )
    return shapely.transform(part, lambda xy: xy * factor)


def size_remark(part: shapely.Polygon) -> str | None:
    """What to say of a part outside the sizes that models are trained on; None of one inside."""
    side = longest_side(part)
    low, high = LONGEST_SIDE
    if low * (1 - 1e-6) <= side <= high * (1 + 1e-6):
        return None
    return (
        f"the part's longest side is {side:.4g} m; models are trained on {low:g} to {high:g} m "
        "(is its unit right?)"
    )
