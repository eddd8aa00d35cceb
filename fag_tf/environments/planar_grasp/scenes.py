"""One object on the table as a user names it: a picture, a named part, or a part's file."""

import dataclasses
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.feasibility.obstacles import clear_of
from fag_tf.environments.planar_grasp.feasibility.pad_distance import pad_distance
from fag_tf.environments.planar_grasp.feasibility.picture_baseline import outline_of
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper, as_gripper
from fag_tf.environments.planar_grasp.images.rendering import occupancy
from fag_tf.environments.planar_grasp.parts.files import PICTURE_SUFFIXES, only_polygon
from fag_tf.environments.planar_grasp.parts.objects import check_extent, read_with_neighbours
from fag_tf.environments.planar_grasp.pixel_frame import PixelFrame
from fag_tf.environments.planar_grasp.states import GraspState
from fag_tf.environments.planar_grasp.workspace import (
    LEAST_AREA,
    TABLE_SIDE,
    Pose,
    centred,
)
from fag_tf.errors import InputError
from fag_tf.spaces import Observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from fag_tf.environments.planar_grasp.images.depth import TableView
    from fag_tf.environments.planar_grasp.images.files import ImageSource
    from fag_tf.environments.planar_grasp.images.perspective import SheetView
    from fag_tf.environments.planar_grasp.images.placement import Backdrop, SheetOnTable

__all__ = [
    "Scene",
    "scene",
    "scene_of_object",
    "scene_of_outline",
    "scene_of_picture",
]

_GREATEST_SIZE = 4096  # pixels of a side of a picture


@dataclass(frozen=True)
class Scene:
    """An object on the table.

    Attributes:
        name: for titles.
        image: its occupancy, float32 `[H, H]`.
        part: its outline in the table's frame, m, if it is known.
        notes: what a user should know, a sentence each.
        pixels: the pixels of the picture that it was read from; None for a part.
        origin: where the middle of `image`, the origin of the table's frame, lies in the frame of
            what was read, m. It is (0, 0) but for an object of a wide view that lies off the table.
        neighbours: other objects in the table's frame, m, that no finger may meet. They are not in
            `image`.
        traced: the outline in the table's frame, m, as the picture that was read shows it.
        backdrop: makes the picture that was read, to draw on; None for a part.
    """

    name: str
    image: NDArray[np.float32]
    part: shapely.Polygon | None
    notes: tuple[str, ...]
    pixels: "PixelFrame | SheetView | TableView | None" = None
    origin: tuple[float, float] = (0.0, 0.0)
    neighbours: tuple[shapely.Polygon, ...] = ()
    traced: shapely.Polygon | None = None
    backdrop: "Callable[[], Backdrop] | None" = None

    def misses_neighbours(
        self, actions: NDArray[Any], gripper: Gripper | str = DEFAULT_GRIPPER
    ) -> NDArray[np.bool_]:
        """Whether the fingers miss all neighbours, open and on their way; see `clear_of`.

        Args:
            actions: grasps `[n, 3]` of the table's frame, m and rad.
            gripper: the jaw, or what `parse_gripper` reads.
        """
        outline = self.outline()
        if outline is None or not self.neighbours:
            return np.ones(len(actions), bool)
        return clear_of(self.neighbours, outline, as_gripper(gripper), actions)

    def holds_as_traced(
        self, actions: NDArray[Any], gripper: Gripper | str = DEFAULT_GRIPPER
    ) -> NDArray[np.bool_]:
        """Whether grasps `[n, 3]` hold by the outline in the picture, and miss all neighbours.

        Args:
            actions: grasps of the table's frame, m and rad.
            gripper: the jaw, or what `parse_gripper` reads.
        """
        clear = self.misses_neighbours(actions, gripper)
        if self.traced is None:
            return clear
        clear[clear] = feasibility(self.traced, as_gripper(gripper), np.asarray(actions)[clear])
        return clear

    def in_frame(self, actions: NDArray[Any]) -> NDArray[Any]:
        """Grasps `[n, 3]` of the table's frame in the frame of what was read, m and rad."""
        moved: NDArray[Any] = actions + np.array([*self.origin, 0.0], np.asarray(actions).dtype)
        return moved

    def outline(self) -> shapely.Polygon | None:
        """The outline of the object, m: that of the part, or else that traced in the picture.

        It is traced in the picture that was read, or else in `image`, whose pixels are of some
        2 mm. None for an empty picture.
        """
        if self.part is not None:
            return self.part
        return outline_of(self.image) if self.traced is None else self.traced

    def columns(
        self, actions: NDArray[Any], gripper: Gripper | str = DEFAULT_GRIPPER
    ) -> dict[str, NDArray[np.float64]]:
        """What a table of grasps tells beside them.

        Args:
            actions: grasps `[n, 3]`: x, y in m and theta in rad, in the table's frame.
            gripper: the jaw, or what `parse_gripper` reads.

        Returns:
            `width` `[n]`, the distance of the pads at contact, m (not a number where the outline
            leaves nothing between them); and of a picture `column` and `row` `[n]` of the midpoint
            between the pads, see `PixelFrame`.
        """
        outline = self.outline()
        found = {
            "width": np.full(len(actions), np.nan)
            if outline is None
            else pad_distance(outline, as_gripper(gripper), actions)
        }
        if self.pixels is not None:
            place = self.in_frame(np.asarray(actions, np.float64))[:, :2]
            found["column"], found["row"] = self.pixels.of(place)
        return found

    def observation(self, gripper: Gripper | str = DEFAULT_GRIPPER) -> Observation:
        """What a model takes: `image` `[1, H, H, 1]` and `gripper` `[1, 6]`.

        Args:
            gripper: the jaw, or what `parse_gripper` reads.
        """
        jaw = as_gripper(gripper)
        return {"image": self.image[None, ..., None], "gripper": jaw.vector()[None]}

    def state(self, gripper: Gripper | str = DEFAULT_GRIPPER) -> GraspState:
        """What the environment `planar_grasp` takes, to check grasps by the exact rules.

        Of a picture the outline is traced from its pixels of some 2 mm, so the answer is no more
        exact than they are.

        Args:
            gripper: the jaw, or what `parse_gripper` reads.

        Raises:
            InputError: the picture is empty.
        """
        part = self.outline()
        if part is None:
            raise InputError(f"{self.name} shows no object")
        jaw = as_gripper(gripper)
        x, y = shapely.get_coordinates(shapely.centroid(part))[0].tolist()
        return GraspState(centred(part), self.name, Pose(x, y, 0.0), jaw)


def scene(
    source: "ImageSource | shapely.Polygon",
    *,
    units: str | None = None,
    scale: float | None = None,
    width_m: float | None = None,
    largest: bool = False,
    index: int | None = None,
    center: bool = False,
    pose: int | str | None = None,
    mask: "ImageSource | None" = None,
    sheet: "SheetOnTable | None" = None,
    size: int = 128,
) -> Scene:
    """One object on the table, from whatever tells of it.

    Args:
        source: a picture of one object on a plain background (a file, a Pillow image, or an array
            `[H, W]` or `[H, W, C]` of 1 to 4 channels, of bytes, of booleans or of floats in
            [0, 1]); a part's file of coordinates (WKT, GeoJSON, SVG, DXF, STL, OBJ, PLY, GLB);
            the name of a part, or `random:` and a seed; or its outline in the table's frame, m.
        units: of a file of coordinates; metres if not given, for SVG, DXF and GLB its own, for the
            other meshes millimetres.
        scale: by which a part that is no picture is enlarged about the origin; 1 if not given.
        width_m: how many metres a picture is wide on the table; if not given, the picture, padded
            to a square, is the whole table of 0.30 m.
        largest: take the largest of several objects.
        index: take this one of several polygons in a file, from left to right, counted from 0.
        center: move the part of a file of coordinates to the middle of the table.
        pose: number of the stable pose in which a mesh lies, or `"file"` for that of the file.
        mask: a silhouette of the picture's size, white where the part is, in place of what the
            picture shows.
        sheet: the sheet of paper that the part of a picture lies on, which gives the scale in place
            of `width_m`; see `images.placement.SheetOnTable`.
        size: pixels of a side of what a model sees.

    Raises:
        InputError: there is no such part or file, it cannot be used, or an option does not go
            with it.
    """
    from PIL import Image

    _check_numbers(scale, width_m, size)
    picture = isinstance(source, (np.ndarray, Image.Image)) or (
        isinstance(source, (str, os.PathLike)) and Path(source).suffix.lower() in PICTURE_SUFFIXES
    )
    if not picture and (mask is not None or sheet is not None):
        raise InputError("mask and sheet go with pictures")
    if isinstance(source, shapely.Polygon):
        if units is not None or width_m is not None or largest or index is not None or pose:
            raise InputError(
                "units, width_m, largest, index and pose go with files; the outline given is in "
                "metres, and scale enlarges it"
            )
        factor = 1.0 if scale is None else scale
        part = shapely.transform(source, lambda xy: xy * factor)
        only_polygon(part, "the outline given")
        part = centred(part) if center else part
        check_extent(part, "the outline given", "is it in metres?")
        return scene_of_outline("the outline given", "part", part, (), size)
    if isinstance(source, (str, os.PathLike)):
        if Path(source).suffix.lower() not in PICTURE_SUFFIXES:
            return scene_of_object(
                os.fspath(source),
                size,
                units=units,
                scale=scale,
                width_m=width_m,
                largest=largest,
                index=index,
                center=center,
                pose=None if pose is None else str(pose),
            )
    elif not isinstance(source, (np.ndarray, Image.Image)):
        raise InputError(
            f"a scene cannot be made of {type(source).__name__}; give a file, the name of a part, "
            "an array, a Pillow image or one shapely Polygon"
        )
    if units is not None or scale is not None or center or index is not None or pose is not None:
        raise InputError(
            "units, scale, index, center and pose go with coordinates; a picture has its width_m"
        )
    if sheet is not None and width_m is not None:
        raise InputError("a sheet gives the scale of a picture; leave width_m out")
    return scene_of_picture(source, width_m, largest, size, mask=mask, sheet=sheet)


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
    found = read_with_neighbours(text, **options)
    scene = scene_of_outline(f"object {text}", found.name, found.part, found.notes, size)
    return dataclasses.replace(scene, neighbours=found.neighbours)


def scene_of_outline(
    what: str, name: str, part: shapely.Polygon, notes: tuple[str, ...], size: int
) -> Scene:
    """The scene of a part whose outline is known.

    Args:
        what: what the part is called in messages.
        name: for titles.
        part: its outline in the table's frame, m.
        notes: what a user should know, a sentence each.
        size: pixels of a side of the picture.

    Raises:
        InputError: the part does not lie wholly on the table, or is too small to be seen.
    """
    reach = float(np.abs(part.bounds).max())
    if reach > 0.5 * TABLE_SIDE * (1 + 1e-9):
        raise InputError(
            f"{what} reaches {reach:.4g} m from the table's centre; the table ends at "
            f"{0.5 * TABLE_SIDE:g} m (are its units and place right?)"
        )
    if part.area < LEAST_AREA:
        raise InputError(
            f"{what} covers {1e6 * part.area:.2g} mm^2, too little to be seen on the table "
            "(are its units right?)"
        )
    return Scene(name, occupancy(part, size), part, notes)


def scene_of_picture(
    source: "ImageSource",
    width_m: float | None = None,
    largest: bool = False,
    size: int = 128,
    anywhere: bool = False,
    mask: "ImageSource | None" = None,
    sheet: "SheetOnTable | None" = None,
) -> Scene:
    """The scene that a picture shows; see `images.placement.read_picture`."""
    # Pillow is slow to load, and named parts do not need it.
    from fag_tf.environments.planar_grasp.images.placement import read_picture

    picture = read_picture(source, width_m, largest, size, anywhere, mask, sheet)
    name = Path(source).stem if isinstance(source, (str, os.PathLike)) else "picture"
    return Scene(
        name,
        picture.occupancy,
        None,
        picture.notes,
        picture.pixels,
        origin=picture.origin,
        neighbours=picture.neighbours,
        traced=picture.outline,
        backdrop=picture.backdrop,
    )
