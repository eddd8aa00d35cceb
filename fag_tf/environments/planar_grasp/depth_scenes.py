"""The object in a depth picture, as a scene."""

import dataclasses
import math
import os
from pathlib import Path

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.images.depth import find_object
from fag_tf.environments.planar_grasp.images.depth_files import (
    Intrinsics,
    parse_intrinsics,
    read_depth,
)
from fag_tf.environments.planar_grasp.scenes import Scene, scene_of_outline
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, longest_side, size_remark
from fag_tf.errors import InputError

__all__ = ["MIN_HEIGHT", "scene_of_depth"]

MIN_HEIGHT = 0.003
"""Least height of an object over the table, m, if none is given."""


def scene_of_depth(
    path: str | os.PathLike[str],
    intrinsics: Intrinsics | str | None = None,
    *,
    depth_scale: float | None = None,
    width_m: float | None = None,
    min_height: float = MIN_HEIGHT,
    largest: bool = False,
    size: int = 128,
) -> Scene:
    """The scene in a depth picture, whose camera looks down on the table.

    Its frame has its origin where the optical axis meets the table, x to the right in the picture
    and y up. See `fag_tf.environments.planar_grasp.images.depth`.

    Args:
        path: the depth picture, see `images.depth_files.read_depth`.
        intrinsics: the camera, or what `images.depth_files.parse_intrinsics` reads. If None, the
            view is taken as parallel and `width_m` wide.
        depth_scale: metres of one unit of the file; if None, 0.001 for whole numbers, else 1.
        width_m: width of a parallel view, m.
        min_height: least height of the object over the table, m.
        largest: take the largest of several objects.
        size: pixels of a side of what a model sees.

    Raises:
        InputError: the picture cannot be read, shows no table, no object or several, or neither or
            both of `intrinsics` and `width_m` are given.
    """
    if (intrinsics is None) == (width_m is None):
        raise InputError(
            "a depth picture needs --intrinsics of its camera, or --width-m of a view from far away"
        )
    for name, value in (("--width-m", width_m), ("--min-height", min_height)):
        if value is not None and not (math.isfinite(value) and 0 < value <= 100):
            raise InputError(f"{name} is {value:g}; it must be metres above 0")
    if isinstance(intrinsics, str):
        intrinsics = parse_intrinsics(intrinsics)
    depth = read_depth(Path(path), depth_scale)
    try:
        found = find_object(depth, intrinsics, width_m, min_height, largest)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    part, origin, neighbours = found.outline, (0.0, 0.0), found.neighbours
    if float(np.abs(part.bounds).max()) > 0.5 * TABLE_SIDE:
        x0, y0, x1, y1 = part.bounds
        origin = (0.5 * (x0 + x1), 0.5 * (y0 + y1))
        part, *others = (
            shapely.transform(each, lambda xy: xy - origin) for each in (part, *neighbours)
        )
        neighbours = tuple(others)
    remark = size_remark(longest_side(part), "--intrinsics or --depth-scale", 0.05)
    notes = (
        f"the object stands {1e3 * found.height:.0f} mm above the table",
        *found.notes,
        *(() if remark is None else (remark,)),
    )
    drawn = scene_of_outline(f"the object in {path}", Path(path).stem, part, notes, size)
    return dataclasses.replace(
        drawn, part=None, pixels=found.view, origin=origin, neighbours=neighbours
    )
