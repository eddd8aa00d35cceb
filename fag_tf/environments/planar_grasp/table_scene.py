"""One object on the table, as a model sees it and as the rules judge it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.feasibility.obstacles import clear_of, joined
from fag_tf.environments.planar_grasp.feasibility.pad_distance import pad_distance
from fag_tf.environments.planar_grasp.feasibility.picture_baseline import outline_of
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.fingers import at_grasps, open_fingers
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, RANGES, Gripper, as_gripper
from fag_tf.environments.planar_grasp.images.rendering import occupancy
from fag_tf.environments.planar_grasp.pixel_frame import PixelFrame
from fag_tf.environments.planar_grasp.states import GraspState
from fag_tf.environments.planar_grasp.views import Ranges, View, scaled, view_scale
from fag_tf.environments.planar_grasp.workspace import (
    GREATEST_PART,
    LEAST_PART,
    TABLE_SIDE,
    Pose,
    centred,
    table_middle,
)
from fag_tf.errors import InputError
from fag_tf.spaces import Observation

if TYPE_CHECKING:
    from fag_tf.environments.planar_grasp.images.depth import TableView
    from fag_tf.environments.planar_grasp.images.perspective import SheetView
    from fag_tf.environments.planar_grasp.images.placement import Backdrop

__all__ = ["Scene", "scene_of_outline"]

_RESERVE = 0.1  # share of the friction that a traced outline does without


@dataclass(frozen=True, repr=False)
class Scene:
    """An object on the table.

    Attributes:
        name: for titles.
        image: share of each pixel that it covers, float32 `[H, H]`.
        part: its outline in the table's frame, m, if it is known.
        notes: notes for the user, a sentence each.
        pixels: the pixels of the picture that it was read from; None for a part.
        origin: place of the middle of `image`, which is the origin of the table's frame, in the
            frame of the input, m. It is (0, 0) unless the object is off the table.
        neighbours: other objects in the table's frame, m, that no finger may touch. They are not in
            `image`.
        traced: its outline in the table's frame, m, as traced in the picture. None if it was not
            traced, or if the part is known.
        pitch: side of a pixel of the picture, m; 0 for a part with a known outline.
        window: draws a square of the table, from its middle (m), size (pixels) and side (m), as
            float32 `[size, size]`; None if `traced` or `part` is to be drawn.
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
    pitch: float = 0.0
    window: "Callable[[tuple[float, float], int, float], NDArray[np.float32]] | None" = None
    backdrop: "Callable[[], Backdrop] | None" = None

    def __repr__(self) -> str:
        known = "known" if self.part is not None else "none" if self.traced is None else "traced"
        more = f", neighbours={len(self.neighbours)}" if self.neighbours else ""
        notes = f", notes={self.notes!r}" if self.notes else ""
        return f"Scene({self.name!r}, outline={known}{more}{notes})"

    def misses_neighbours(
        self, actions: NDArray[Any], gripper: Gripper | str = DEFAULT_GRIPPER
    ) -> NDArray[np.bool_]:
        """Whether the fingers miss all neighbours, open and while they close; see `clear_of`.

        Args:
            actions: grasps `[n, 3]` of the table's frame, m and rad.
            gripper: the jaw, or what `parse_gripper` reads.
        """
        outline = self.outline()
        if outline is None or not self.neighbours:
            return np.ones(len(actions), bool)
        return clear_of(self.obstacles, outline, as_gripper(gripper), actions)

    def holds_as_traced(
        self, actions: NDArray[Any], gripper: Gripper | str = DEFAULT_GRIPPER
    ) -> NDArray[np.bool_]:
        """Whether grasps `[n, 3]` hold by the outline in the picture, and miss all neighbours.

        A traced outline is wrong by a fraction of a pixel, and this affects the length of a pad's
        contact most. So 0.9 times the gripper's friction is used.

        Args:
            actions: grasps of the table's frame, m and rad.
            gripper: the jaw, or what `parse_gripper` reads.
        """
        holds = np.ones(len(actions), bool)
        if self.traced is not None:
            jaw = as_gripper(gripper)
            cautious = replace(jaw, friction=(1 - _RESERVE) * jaw.friction)
            holds = feasibility(self.traced, cautious, actions)
        holds[holds] = self.misses_neighbours(np.asarray(actions)[holds], gripper)
        return holds

    @cached_property
    def obstacles(self) -> shapely.Geometry:
        """All neighbours as one; those that were traced with a margin of a pixel around them."""
        if not self.pitch:
            return joined(self.neighbours)
        return joined([shapely.buffer(each, self.pitch) for each in self.neighbours])

    def notes_on(
        self, actions: NDArray[Any], gripper: Gripper | str = DEFAULT_GRIPPER
    ) -> tuple[str, ...]:
        """Notes for the user on grasps `[n, 3]` of the table's frame, a sentence each.

        A finger may come down beside a picture, where nobody has seen whether there is room.
        """
        if not isinstance(self.pixels, PixelFrame):
            return ()
        corners = at_grasps(self.in_frame(actions), open_fingers(as_gripper(gripper)))
        beside = int(np.sum(~self.pixels.shows(corners).all(axis=(1, 2))))
        if not beside:
            return ()
        return (
            f"{beside} of {len(actions)} grasps put an open finger outside the picture, where "
            "nothing was seen",
        )

    def in_frame(self, actions: NDArray[Any]) -> NDArray[Any]:
        """Grasps `[n, 3]` of the table's frame in the frame of the input, m and rad."""
        moved: NDArray[Any] = actions + np.array([*self.origin, 0.0], np.asarray(actions).dtype)
        return moved

    def moved(self, polygon: shapely.Polygon) -> shapely.Polygon:
        """A polygon of the table's frame in the frame of the input, m."""
        return shapely.transform(polygon, lambda xy: xy + self.origin)

    def outline(self) -> shapely.Polygon | None:
        """The outline of the object, m: that of the part, or else that traced in the picture.

        A traced outline is no more exact than the pixels. None for an empty picture.
        """
        if self.part is not None:
            return self.part
        return outline_of(self.image) if self.traced is None else self.traced

    def view(self, gripper: Gripper | str = DEFAULT_GRIPPER, ranges: Ranges = RANGES) -> View:
        """How a model sees the object best, see `fag_tf.environments.planar_grasp.views`.

        Args:
            gripper: the jaw, or what `parse_gripper` reads.
            ranges: of the grippers that the model was trained on.
        """
        jaw, size = as_gripper(gripper), len(self.image)
        outline = self.part if self.part is not None else self.traced
        table = View(self.image, jaw)
        if outline is None:
            return table
        finest = TABLE_SIDE / size / self.pitch if self.pitch else None
        scale = view_scale(outline, jaw, ranges, finest)
        if scale == 1.0:
            return table
        x0, y0, x1, y1 = outline.bounds
        middle = (0.5 * (x0 + x1), 0.5 * (y0 + y1))
        if self.window is not None:
            image = self.window(middle, size, TABLE_SIDE / scale)
        else:
            image = occupancy(shapely.transform(outline, lambda xy: scale * (xy - middle)), size)
        return View(image, scaled(jaw, scale), scale, middle)

    def columns(
        self, actions: NDArray[Any], gripper: Gripper | str = DEFAULT_GRIPPER
    ) -> dict[str, NDArray[np.float64]]:
        """Further columns of a table of grasps.

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
        """The input of a model: `image` `[1, H, H, 1]` and `gripper` `[1, 6]`.

        Args:
            gripper: the jaw, or what `parse_gripper` reads.
        """
        jaw = as_gripper(gripper)
        return {"image": self.image[None, ..., None], "gripper": jaw.vector()[None]}

    def state(self, gripper: Gripper | str = DEFAULT_GRIPPER) -> GraspState:
        """The state for the environment `planar_grasp`, to check grasps by the exact rules.

        For a picture, the outline is traced from its pixels, so the check is only as exact as they
        are.

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


def scene_of_outline(
    what: str,
    name: str,
    part: shapely.Polygon,
    notes: tuple[str, ...],
    size: int,
    neighbours: tuple[shapely.Polygon, ...] = (),
) -> Scene:
    """The scene of a part whose outline is known.

    One of several parts that lies off the table, and a part that is larger than it, has the table
    put around it, and `origin` says where. See `workspace.table_middle`.

    Args:
        what: what the part is called in messages.
        name: for titles.
        part: its outline, m.
        notes: what a user should know, a sentence each.
        size: pixels of a side of the picture.
        neighbours: outlines of other parts, m.

    Raises:
        InputError: the part lies off the table, or is too large or too small to be seen.
    """
    origin = table_middle(part, alone=not neighbours)
    x0, y0, x1, y1 = part.bounds
    large = max(x1 - x0, y1 - y0)
    if large > GREATEST_PART:
        raise InputError(
            f"{what} is {large:.4g} m long; a part has up to {GREATEST_PART:g} m, and the table "
            f"{TABLE_SIDE:g} m (are its units right?)"
        )
    if origin != (0.0, 0.0):
        part, *others = (
            shapely.transform(each, lambda xy: xy - origin) for each in (part, *neighbours)
        )
        neighbours = tuple(others)
    reach = float(np.abs(part.bounds).max())
    if reach > 0.5 * TABLE_SIDE * (1 + 1e-9) and large <= TABLE_SIDE:
        raise InputError(
            f"{what} reaches {reach:.4g} m from the table's centre; the table ends at "
            f"{0.5 * TABLE_SIDE:g} m (are its units right? --center moves it to the middle)"
        )
    if part.area < LEAST_PART:
        raise InputError(
            f"{what} covers {1e6 * part.area:.2g} mm^2, too little to be seen on the table "
            "(are its units right?)"
        )
    return Scene(name, occupancy(part, size), part, notes, origin=origin, neighbours=neighbours)
