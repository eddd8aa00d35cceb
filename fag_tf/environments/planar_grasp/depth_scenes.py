"""The objects in a depth picture, as scenes."""

import dataclasses
import math
import os
from pathlib import Path

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.images.depth import DepthObject, TableView, find_objects
from fag_tf.environments.planar_grasp.images.depth_files import (
    Intrinsics,
    parse_intrinsics,
    read_depth,
)
from fag_tf.environments.planar_grasp.parts.choice import STANDING, Choice, chosen
from fag_tf.environments.planar_grasp.scenes import EachScene
from fag_tf.environments.planar_grasp.table_scene import Scene, scene_of_outline
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, longest_side, size_remark
from fag_tf.errors import InputError

__all__ = ["MIN_HEIGHT", "scene_of_depth", "scenes_of_depth"]

MIN_HEIGHT = 0.003
"""Least height of an object over the table, m, if none is given."""


_ONLY = Choice()


def scene_of_depth(
    path: str | os.PathLike[str],
    intrinsics: Intrinsics | str | None = None,
    *,
    depth_scale: float | None = None,
    width_m: float | None = None,
    min_height: float = MIN_HEIGHT,
    choice: Choice = _ONLY,
    size: int = 128,
) -> Scene:
    """The scene in a depth picture of a camera that looks down on the table.

    The origin of its frame is the point where the optical axis meets the table. x points right in
    the picture, and y points up. See `fag_tf.environments.planar_grasp.images.depth`.

    Args:
        path: the depth picture, see `images.depth_files.read_depth`.
        intrinsics: the camera, or text for `images.depth_files.parse_intrinsics`. If None,
            perspective is neglected and `width_m` is the width of the view.
        depth_scale: metres of one unit of the file; if None, 0.001 for whole numbers, else 1.
        width_m: width of the view if there are no intrinsics, m.
        min_height: least height of the object over the table, m.
        choice: which of several objects is taken.
        size: pixels of a side of what a model sees.

    Raises:
        InputError: the picture cannot be read, or shows no table or no object; there are several
            objects and none is chosen; or neither or both of `intrinsics` and `width_m` are given.
    """
    found, view = _objects(path, intrinsics, depth_scale, width_m, min_height)
    number = 0
    if len(found) > 1 or set(choice.given()) - {"--largest"}:
        outlines, seen = [each.outline for each in found], [each.seen for each in found]
        number = chosen(outlines, Path(path), choice, STANDING, seen)
    return _scene(path, found, number, view, size)


def scenes_of_depth(
    path: str | os.PathLike[str],
    intrinsics: Intrinsics | str | None = None,
    *,
    depth_scale: float | None = None,
    width_m: float | None = None,
    min_height: float = MIN_HEIGHT,
    size: int = 128,
) -> EachScene:
    """A scene of each object in a depth picture, in which the others are neighbours.

    Args:
        path: as of `scene_of_depth`, and all others too.
        intrinsics: see there.
        depth_scale: see there.
        width_m: see there.
        min_height: see there.
        size: see there.

    Raises:
        InputError: as of `scene_of_depth`.
    """
    found, view = _objects(path, intrinsics, depth_scale, width_m, min_height)
    scenes: EachScene = []
    for number in range(len(found)):
        try:
            scenes.append(_scene(path, found, number, view, size))
        except InputError as error:
            scenes.append(error)
    return scenes


def _objects(
    path: str | os.PathLike[str],
    intrinsics: Intrinsics | str | None,
    depth_scale: float | None,
    width_m: float | None,
    min_height: float,
) -> tuple[list[DepthObject], TableView]:
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
        return find_objects(depth, intrinsics, width_m, min_height)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _scene(
    path: str | os.PathLike[str],
    found: list[DepthObject],
    number: int,
    view: TableView,
    size: int,
) -> Scene:
    one, count = found[number], len(found) - 1
    others = (each for other, each in enumerate(found) if other != number)
    notes = [f"the object stands {1e3 * one.height:.0f} mm above the table"]
    if count:
        beside = f"{count} other objects" if count > 1 else "1 other object"
        notes.append(f"obstacles beside it: {beside}")
    if one.cut:
        notes.append("the object touches the picture's edge; is it all there?")
    remark = size_remark(longest_side(one.outline), "--intrinsics or --depth-scale", 0.05)
    notes += [] if remark is None else [remark]
    (x0, y0, x1, y1), origin = one.outline.bounds, (0.0, 0.0)
    if float(np.abs(one.outline.bounds).max()) > 0.5 * TABLE_SIDE:
        origin = (0.5 * (x0 + x1), 0.5 * (y0 + y1))
    part, *neighbours = (
        shapely.transform(each, lambda xy: xy - origin)
        for each in (one.outline, *(piece for other in others for piece in other.pieces))
    )
    name = Path(path).stem
    drawn = scene_of_outline(f"the object in {path}", name, part, tuple(notes), size)
    return dataclasses.replace(
        drawn,
        part=None,
        pixels=view,
        origin=origin,
        neighbours=tuple(neighbours),
        traced=part,
        pitch=view.pixel,
    )
