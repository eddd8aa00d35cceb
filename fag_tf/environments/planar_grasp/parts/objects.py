"""Parts as a user gives them: by a name, a seed or a file."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.parts.choice import chosen
from fag_tf.environments.planar_grasp.parts.dxf import DXF_SUFFIXES, read_dxf
from fag_tf.environments.planar_grasp.parts.files import (
    PART_SUFFIXES,
    PICTURE_SUFFIXES,
    read_polygons,
    trace_part,
)
from fag_tf.environments.planar_grasp.parts.mesh import MESH_SUFFIXES, read_mesh
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES, named_part
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.environments.planar_grasp.parts.svg import SVG_SUFFIXES, read_svg
from fag_tf.environments.planar_grasp.workspace import longest_side, size_remark
from fag_tf.errors import InputError

__all__ = [
    "RANDOM",
    "ObjectFile",
    "check_extent",
    "keep_object",
    "read_drawing",
    "read_object",
    "read_with_neighbours",
]

RANDOM = "random:"
"""Prefix of the seed of a random part. Training draws such parts too, but never this part."""

_DRAWING_SUFFIXES = PART_SUFFIXES + SVG_SUFFIXES + DXF_SUFFIXES + MESH_SUFFIXES
_FILE_SUFFIXES = _DRAWING_SUFFIXES + PICTURE_SUFFIXES

ReadObject = tuple[str, shapely.Polygon, tuple[str, ...]]
"""Name, outline in m, and notes of a part."""

# Makes the random numbers differ from those of other parts with small seeds.
_STREAM = 20_011

# No wrong unit explains a size beyond these limits, and results would be rounding errors.
LEAST_EXTENT, GREATEST_EXTENT = 1e-6, 1e6  # m


class ObjectFile(NamedTuple):
    """A part that a user named, in the table's frame.

    Attributes:
        name: for titles.
        part: its outline, m.
        neighbours: outlines of the other parts of the same file, m.
        notes: what the user should know, a sentence each.
    """

    name: str
    part: shapely.Polygon
    neighbours: tuple[shapely.Polygon, ...]
    notes: tuple[str, ...]


def read_object(text: str, *args: Any, **options: Any) -> ReadObject:
    """Read a part that a user names: `read_with_neighbours` without the neighbours.

    Returns:
        The name, the outline in the table's frame, m, and notes for the user.
    """
    found = read_with_neighbours(text, *args, **options)
    return found.name, found.part, found.notes


def read_with_neighbours(
    text: str,
    units: str | None = None,
    scale: float | None = None,
    width_m: float | None = None,
    largest: bool = False,
    index: int | None = None,
    center: bool = False,
    pose: str | None = None,
) -> ObjectFile:
    """Read a part that a user names, and what else the same file holds.

    A named or random part is centred and not turned. A part from a file stays in the frame of the
    file, unless it is a mesh or `center` is set.

    Args:
        text: a name, `random:` and a seed, or a file (WKT, GeoJSON, SVG, DXF, a mesh or a
            silhouette).
        units: unit of a file of coordinates. If None: metres; for SVG, DXF and meshes see
            `fag_tf.environments.planar_grasp.parts`.
        scale: factor by which the part is enlarged about the origin; 1 if None.
        width_m: width of the image of a silhouette, m; if None, the image, padded to a square, is
            the whole table.
        largest: whether to take the largest part of several.
        index: number of the part of several, from left to right, counted from 0.
        center: whether the part is moved so that the centroid of its area is the origin.
        pose: how a mesh lies, see `fag_tf.environments.planar_grasp.parts.mesh.read_mesh`.

    Raises:
        InputError: there is no such part or file, the file cannot be used, or an option does not
            fit the kind of part.
    """
    path = Path(text)
    suffix = path.suffix.lower()
    factor = 1.0 if scale is None else scale
    if not (np.isfinite(factor) and factor > 0):
        raise InputError(f"scale is {factor}; it must be a number above 0")
    _check_options(text, suffix, units, width_m, largest, index, pose)
    notes: tuple[str, ...] = ()
    if suffix in PICTURE_SUFFIXES:
        name, option = path.stem, "--width-m"
        part, notes = trace_part(path, width_m, largest, factor)
        polygons, largest = [part], False
    elif suffix in _DRAWING_SUFFIXES:
        name, option = path.stem, "--units" if suffix in PART_SUFFIXES else "--units or --scale"
        polygons, notes = _drawn(path, suffix, units, factor, pose)
    elif text.startswith(RANDOM):
        name, option = text, "--scale"
        polygons = [shapely.transform(random_part(_rng(text)), lambda xy: xy * factor)]
    elif suffix or os.sep in text or path.exists():
        raise InputError(_no_part(text, path))
    else:
        name, part = named_part(text)
        option = "--scale"
        polygons = [shapely.transform(part, lambda xy: xy * factor)]
    number = chosen(polygons, text, largest, index)
    check_extent(polygons[number], f"object {text}", f"is {option} right?")
    if center:
        middle = shapely.get_coordinates(shapely.centroid(polygons[number]))[0]
        polygons = [shapely.transform(each, lambda xy: xy - middle) for each in polygons]
    part = polygons[number]
    check_extent(part, f"object {text}", f"is {option} right?")
    if len(polygons) > 1:
        others = f"the {len(polygons) - 1} other" + "s" * (len(polygons) > 2)
        notes = (*notes, f"{others} of {text} count as obstacles")
    remark = size_remark(longest_side(part), option)
    neighbours = tuple(each for other, each in enumerate(polygons) if other != number)
    return ObjectFile(name, part, neighbours, notes if remark is None else (*notes, remark))


def _check_options(
    text: str,
    suffix: str,
    units: str | None,
    width_m: float | None,
    largest: bool,
    index: int | None,
    pose: str | None,
) -> None:
    """Refuse options that do not go with the kind of part."""
    if suffix not in PICTURE_SUFFIXES and width_m is not None:
        raise InputError(f"{text} is no picture, so it has no width; leave out --width-m")
    if suffix not in _FILE_SUFFIXES and (largest or index is not None):
        option = "--largest" if largest else "--index"
        raise InputError(f"{text} is no file of several parts; leave out {option}")
    if suffix in PICTURE_SUFFIXES and index is not None:
        raise InputError(f"{text} is a picture; --index goes with drawings, --largest with it")
    if suffix not in _DRAWING_SUFFIXES and units is not None:
        raise InputError(f"{text} is no file of coordinates, so it has no units; leave out --units")
    if suffix not in MESH_SUFFIXES and pose is not None:
        raise InputError(f"{text} is no mesh, so it has no poses; leave out --pose")


def read_drawing(
    text: str, units: str | None = None, scale: float | None = None
) -> list[shapely.Polygon]:
    """Read all polygons of a drawing (WKT, GeoJSON, SVG or DXF) in its own frame, m.

    Args:
        text: the file.
        units: as of `read_with_neighbours`.
        scale: as of `read_with_neighbours`.

    Raises:
        InputError: the file is no drawing or cannot be read.
    """
    suffix = Path(text).suffix.lower()
    if suffix not in _DRAWING_SUFFIXES or suffix in MESH_SUFFIXES:
        kinds = PART_SUFFIXES + SVG_SUFFIXES + DXF_SUFFIXES
        raise InputError(f"{text} is no drawing; its name must end in {', '.join(kinds)}")
    return _drawn(Path(text), suffix, units, 1.0 if scale is None else scale, None)[0]


def _drawn(
    path: Path, suffix: str, units: str | None, scale: float, pose: str | None
) -> tuple[list[shapely.Polygon], tuple[str, ...]]:
    """The polygons of a file of coordinates, m, and notes."""
    if suffix in SVG_SUFFIXES:
        return read_svg(path, units, scale)
    if suffix in DXF_SUFFIXES:
        return read_dxf(path, units, scale)
    if suffix in MESH_SUFFIXES:
        return read_mesh(path, units, scale, pose)
    return read_polygons(path, units or "m", scale), ()


def check_extent(part: shapely.Polygon, what: str, doubt: str) -> None:
    """Check that the size of a part is plausible.

    Args:
        part: outline of the part, m.
        what: name of the part, for the error message.
        doubt: question to the user about the option that sets the size, for the error message.

    Raises:
        InputError: the greatest coordinate is below `LEAST_EXTENT` or above `GREATEST_EXTENT`.
    """
    reach = float(np.abs(part.bounds).max())
    if not LEAST_EXTENT <= reach <= GREATEST_EXTENT:
        raise InputError(
            f"{what} reaches {reach:.2g} m from the table's centre, no size of a part; {doubt}"
        )


def keep_object(
    text: str, scale: float | None = None, **options: Any
) -> tuple[str | dict[str, str], tuple[str, ...]]:
    """Read a part for the configuration of a run, which then no longer needs the part's file.

    Args:
        text: `text` of `read_with_neighbours`.
        scale: `scale` of `read_with_neighbours`.
        options: further options of `read_with_neighbours`.

    Returns:
        An entry of `parts` of `PlanarGrasp`, and notes for the user. The entry is the text of a
        named or random part without a scale, or otherwise the name and outline (WKT, m) of the
        part.

    Raises:
        InputError: `read_with_neighbours` raises it.
    """
    name, part, notes = read_object(text, scale=scale, **options)
    if scale in (None, 1.0) and Path(text).suffix.lower() not in _FILE_SUFFIXES:
        return name, notes
    return {"name": name, "outline": shapely.to_wkt(part, rounding_precision=-1)}, notes


def _rng(text: str) -> np.random.Generator:
    seed = text.removeprefix(RANDOM)
    if not (seed.isascii() and seed.isdigit()):
        raise InputError(f"object {text!r} has no seed; write {RANDOM}7, say")
    return np.random.default_rng([_STREAM, int(seed)])


def _no_part(text: str, path: Path) -> str:
    if path.is_dir():
        return f"object {text!r} is a directory; name a file or one of {', '.join(PART_NAMES)}"
    if path.exists():
        return (
            f"object {text} is no file of a part; its name must end in {', '.join(_FILE_SUFFIXES)}"
        )
    return f"object {text} does not exist; name a file or one of {', '.join(PART_NAMES)}"
