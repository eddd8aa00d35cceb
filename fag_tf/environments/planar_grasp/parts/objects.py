"""Parts as a user gives them: by a name, a seed or a file."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.parts.dxf import DXF_SUFFIXES, read_dxf
from fag_tf.environments.planar_grasp.parts.files import (
    PART_SUFFIXES,
    PICTURE_SUFFIXES,
    read_polygons,
)
from fag_tf.environments.planar_grasp.parts.mesh import MESH_SUFFIXES, read_mesh
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES, named_part
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.environments.planar_grasp.parts.several import (
    DrawnParts,
    ObjectFile,
    Parts,
    PicturedParts,
)
from fag_tf.environments.planar_grasp.parts.svg import SVG_SUFFIXES, read_svg
from fag_tf.errors import InputError

__all__ = [
    "RANDOM",
    "keep_object",
    "read_drawing",
    "read_object",
    "read_parts",
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
    select: str | None = None,
) -> ObjectFile:
    """Read a part that a user names, and what else the same file holds.

    A named or random part is centred and not turned. A part from a file stays in the frame of the
    file, unless it is a mesh or `center` is set.

    Args:
        text: a name, `random:` and a seed, or a file (WKT, GeoJSON, SVG, DXF, a mesh or a
            silhouette).
        units: as of `read_parts`.
        scale: as of `read_parts`.
        width_m: as of `read_parts`.
        largest: whether to take the largest part of several.
        index: number of the part of several, from left to right, counted from 0.
        center: whether the part is moved so that the centroid of its area is the origin.
        pose: as of `read_parts`.
        select: the part at a point of the file's frame, enlarged by `scale`: `X,Y` in m, or in a
            silhouette `COLUMN,ROWpx`.

    Raises:
        InputError: there is no such part or file, the file cannot be used, or an option does not
            fit the kind of part.
    """
    choice = Choice.of(largest, index, select)
    suffix = Path(text).suffix.lower()
    if suffix not in _FILE_SUFFIXES and choice.given():
        raise InputError(f"{text} is no file of several parts; leave out {choice.given()[0]}")
    parts = read_parts(text, units, scale, width_m, pose, join=not largest)
    return parts.part(parts.chosen(choice), center, largest)


def read_parts(
    text: str,
    units: str | None = None,
    scale: float | None = None,
    width_m: float | None = None,
    pose: str | None = None,
    join: bool = True,
) -> Parts:
    """Read all parts that a text names.

    Args:
        text: as of `read_with_neighbours`.
        units: unit of a file of coordinates. If None: metres; for SVG, DXF and meshes see
            `fag_tf.environments.planar_grasp.parts`.
        scale: factor by which the parts are enlarged about the origin; 1 if None.
        width_m: width of the image of a silhouette, m; if None, the image, padded to a square, is
            the whole table.
        pose: how a mesh lies, see `fag_tf.environments.planar_grasp.parts.mesh.read_mesh`.
        join: whether pieces of a photograph with narrow gaps between them are one part.

    Raises:
        InputError: as of `read_with_neighbours`.
    """
    path = Path(text)
    suffix = path.suffix.lower()
    factor = 1.0 if scale is None else scale
    if not (np.isfinite(factor) and factor > 0):
        raise InputError(f"scale is {factor}; it must be a number above 0")
    _check_options(text, suffix, units, width_m, pose)
    if suffix in PICTURE_SUFFIXES:
        # Pillow is slow to load, and files of coordinates do not need it.
        from fag_tf.environments.planar_grasp.images.segmentation import read_objects

        found = read_objects(path, width_m, join=join)
        return PicturedParts(text, path.stem, "--width-m", found.notes, found, factor)
    notes: tuple[str, ...] = ()
    if suffix in _DRAWING_SUFFIXES:
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
    return DrawnParts(text, name, option, notes, tuple(polygons))


def _check_options(
    text: str,
    suffix: str,
    units: str | None,
    width_m: float | None,
    pose: str | None,
) -> None:
    """Refuse options that do not go with the kind of part."""
    if suffix not in PICTURE_SUFFIXES and width_m is not None:
        raise InputError(f"{text} is no picture, so it has no width; leave out --width-m")
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
