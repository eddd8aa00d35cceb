"""One object on the table as a user names it: a picture, a named part, or a part's file."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.parts.files import PICTURE_SUFFIXES, only_polygon
from fag_tf.environments.planar_grasp.parts.objects import read_parts, read_with_neighbours
from fag_tf.environments.planar_grasp.parts.several import ObjectFile, check_extent
from fag_tf.environments.planar_grasp.table_scene import Scene, scene_of_outline
from fag_tf.environments.planar_grasp.workspace import centred
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.environments.planar_grasp.images.files import ImageSource
    from fag_tf.environments.planar_grasp.images.placement import Picture, SheetOnTable

__all__ = [
    "EachScene",
    "Scene",
    "scene",
    "scene_in",
    "scene_of_object",
    "scene_of_picture",
    "scenes_of_object",
    "scenes_of_picture",
]

_GREATEST_SIZE = 4096  # pixels of a side of a picture
_ONLY = Choice()

EachScene = list[Scene | InputError]
"""The scene of each object, from left to right; or why there is none."""


def scene(
    source: "ImageSource | shapely.Polygon",
    *,
    units: str | None = None,
    scale: float | None = None,
    width_m: float | None = None,
    largest: bool = False,
    index: int | None = None,
    select: tuple[float, float] | str | None = None,
    center: bool = False,
    pose: int | str | None = None,
    mask: "ImageSource | None" = None,
    sheet: "SheetOnTable | str | None" = None,
    size: int = 128,
) -> Scene:
    """One object on the table, from a picture, a file, a name or an outline.

    Args:
        source: a picture of one object on a plain background (a file, a Pillow image, or an array
            `[H, W]` or `[H, W, C]` of 1 to 4 channels, of bytes, of booleans or of floats in
            [0, 1]); a part's file of coordinates (WKT, GeoJSON, SVG, DXF, STL, OBJ, PLY, GLB);
            the name of a part, or `random:` and a seed; or its outline in the table's frame, m.
        units: unit of a file of coordinates. The default is metres; for SVG, DXF and GLB the file's
            own unit; for other meshes millimetres.
        scale: factor by which a part from coordinates is enlarged about the origin; 1 by default.
        width_m: width of the table that a picture shows, m. By default the picture is padded to a
            square that shows the table of 0.30 m.
        largest: take the largest of several objects.
        index: number of the object to take, from left to right, starting with 0.
        select: take the object at this point, m, in the frame of the grasps. As text it is `X,Y` in
            m, or `COLUMN,ROWpx` for a pixel of a picture.
        center: move the part of a file of coordinates to the middle of the table.
        pose: number of the stable pose in which a mesh lies, or `"file"` for that of the file.
        mask: a silhouette of the picture's size, white where the part is. The part is then not
            searched in the picture.
        sheet: the sheet of paper under the part in a picture. It gives the scale instead of
            `width_m`. It is `a4`, `a3`, `a5`, `letter` or `W,H` in m; or, with its corners, a
            `fag_tf.environments.planar_grasp.images.placement.SheetOnTable`.
        size: pixels of a side of what a model sees.

    Raises:
        InputError: there is no such part or file, it cannot be used, or an option does not go
            with it.
    """
    from PIL import Image

    _check_numbers(scale, width_m, size)
    if select is not None and not isinstance(select, str):
        select = ",".join(repr(float(number)) for number in select)
    choice = Choice.of(largest, index, select)
    picture = isinstance(source, (np.ndarray, Image.Image)) or (
        isinstance(source, (str, os.PathLike)) and Path(source).suffix.lower() in PICTURE_SUFFIXES
    )
    if not picture and (mask is not None or sheet is not None):
        raise InputError("mask and sheet go with pictures")
    if isinstance(source, shapely.Polygon):
        if units is not None or width_m is not None or choice.given() or pose:
            raise InputError(
                "units, width_m, largest, index, select and pose go with files; the outline given "
                "is in metres, and scale enlarges it"
            )
        factor = 1.0 if scale is None else scale
        part = shapely.transform(source, lambda xy: xy * factor)
        only_polygon(part, "the outline given")
        part = centred(part) if center else part
        check_extent(part, "the outline given", "is it in metres?")
        return scene_of_outline("the outline given", "part", part, (), size)
    if not picture and isinstance(source, (str, os.PathLike)):
        return scene_of_object(
            os.fspath(source),
            size,
            units=units,
            scale=scale,
            width_m=width_m,
            largest=largest,
            index=index,
            select=select,
            center=center,
            pose=None if pose is None else str(pose),
        )
    if not picture:
        raise InputError(
            f"a scene cannot be made of {type(source).__name__}; give a file, the name of a part, "
            "an array, a Pillow image or one shapely Polygon"
        )
    if units is not None or scale is not None or center or pose is not None:
        raise InputError(
            "units, scale, center and pose go with coordinates; a picture has its width_m"
        )
    if sheet is not None and width_m is not None:
        raise InputError("a sheet gives the scale of a picture; leave width_m out")
    if isinstance(sheet, str):
        from fag_tf.environments.planar_grasp.images.perspective import parse_sheet
        from fag_tf.environments.planar_grasp.images.placement import SheetOnTable

        sheet = SheetOnTable(parse_sheet(sheet))
    return scene_of_picture(source, width_m, choice, size, mask=mask, sheet=sheet)


def _check_numbers(scale: float | None, width_m: float | None, size: int) -> None:
    for name, value in (("scale", scale), ("width_m", width_m)):
        sound = (
            isinstance(value, int | float | np.number)
            and not isinstance(value, bool)
            and 0 < value < math.inf
        )
        if value is not None and not sound:
            raise InputError(f"{name} is {value!r:.100}; it must be a number above 0")
    if not isinstance(size, int | np.integer) or not 8 <= size <= _GREATEST_SIZE:
        raise InputError(f"size is {size!r:.100}; it must be 8 to {_GREATEST_SIZE} pixels")


def scene_of_object(text: str, size: int = 128, **options: Any) -> Scene:
    """The scene of `read_with_neighbours`, seen from above in `size` pixels a side.

    Args:
        text: what names the part.
        size: pixels of a side of the picture.
        options: those of `fag_tf.environments.planar_grasp.parts.objects.read_with_neighbours`.

    Raises:
        InputError: as `read_with_neighbours`, or the part does not lie wholly on the table.
    """
    return _scene_of_file(f"object {text}", read_with_neighbours(text, **options), size)


def scenes_of_object(text: str, size: int = 128, center: bool = False, **options: Any) -> EachScene:
    """A scene of each part that a text names, in which the others are neighbours.

    Args:
        text: what names the parts.
        size: pixels of a side of each picture.
        center: whether each part is moved so that the centroid of its area is the origin.
        options: those of `fag_tf.environments.planar_grasp.parts.objects.read_parts`.

    Raises:
        InputError: as `read_parts`.
    """
    parts = read_parts(text, **options)

    def one(number: int) -> Scene:
        return _scene_of_file(f"part {number} of {text}", parts.part(number, center), size)

    return _each(len(parts), one)


def _each(count: int, one: Callable[[int], Scene]) -> EachScene:
    found: EachScene = []
    for number in range(count):
        try:
            found.append(one(number))
        except InputError as error:
            found.append(error)
    return found


def _scene_of_file(what: str, found: ObjectFile, size: int) -> Scene:
    return scene_of_outline(what, found.name, found.part, found.notes, size, found.neighbours)


def scene_of_picture(
    source: "ImageSource",
    width_m: float | None = None,
    choice: Choice = _ONLY,
    size: int = 128,
    anywhere: bool = False,
    mask: "ImageSource | None" = None,
    sheet: "SheetOnTable | None" = None,
) -> Scene:
    """The scene that a picture shows; see `images.placement.read_picture`."""
    # Pillow is slow to load, and named parts do not need it.
    from fag_tf.environments.planar_grasp.images.placement import read_picture

    return scene_in(source, read_picture(source, width_m, choice, size, anywhere, mask, sheet))


def scenes_of_picture(
    source: "ImageSource",
    width_m: float | None = None,
    size: int = 128,
    mask: "ImageSource | None" = None,
    sheet: "SheetOnTable | None" = None,
) -> EachScene:
    """A scene of each object in a picture, in which the others are neighbours.

    Args:
        source: as of `images.placement.objects_of`, and so are `width_m`, `mask` and `sheet`.
        width_m: see there.
        size: pixels of a side of what a model sees.
        mask: see there.
        sheet: see there.

    Raises:
        InputError: as of `images.placement.objects_of`.
    """
    from fag_tf.environments.planar_grasp.images.files import name_of
    from fag_tf.environments.planar_grasp.images.placement import objects_of, placed

    found = objects_of(source, width_m, mask, sheet)

    def one(number: int) -> Scene:
        picture = placed(name_of(source), found.cover(number), size, anywhere=True)
        return scene_in(source, picture)

    return _each(len(found.objects), one)


def scene_in(source: "ImageSource", picture: "Picture") -> Scene:
    """The scene of an object that was placed on the table.

    Args:
        source: of the picture, for its name.
        picture: what `images.placement.placed` gave.
    """
    from fag_tf.environments.planar_grasp.images.files import stem_of

    name = stem_of(source)
    cover, (x, y) = picture.cover, picture.origin
    return Scene(
        name,
        picture.occupancy,
        None,
        picture.notes,
        cover.pixels,
        origin=picture.origin,
        neighbours=picture.neighbours,
        traced=picture.outline,
        pitch=cover.pitch,
        window=lambda middle, size, side: cover.window((middle[0] + x, middle[1] + y), size, side),
        backdrop=picture.backdrop,
    )
