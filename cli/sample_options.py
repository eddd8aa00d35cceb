"""What `fag-tf sample` is asked: what to grasp, and how grasps are drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.environments.planar_grasp.images.placement import SheetOnTable
    from fag_tf.environments.planar_grasp.parts.choice import Choice
    from fag_tf.environments.planar_grasp.scenes import EachScene
    from fag_tf.environments.planar_grasp.table_scene import Scene

__all__ = ["Drawing", "Target", "depth_options", "is_same_file", "photo_options"]


@dataclass(frozen=True)
class Target:
    """What to grasp: a picture, several, or an object.

    Attributes:
        image: a picture, a folder or a pattern of pictures.
        mask: a silhouette of the picture's size.
        sheet: name or size of the sheet of paper that the picture is straightened by.
        corners: where the sheet's corners are in the picture, as text.
        depth: a depth picture.
        intrinsics: of the depth picture's camera, numbers or a file.
        depth_scale: metres of one unit of the depth picture.
        min_height: least height of an object in the depth picture, m.
        part: a named part or a part's file.
        units: of the part's file.
        scale: by which the part is enlarged.
        width_m: how many metres a picture is wide.
        largest: take the largest of several objects.
        index: take this one of several objects, from left to right.
        select: take the one at this point, text as of `Choice.of`.
        each: take all of them.
        center: move the part of a file to the table's middle.
        pose: in which a mesh lies.
    """

    image: str | None
    mask: str | None
    sheet: str | None
    corners: str | None
    depth: str | None
    intrinsics: str | None
    depth_scale: float | None
    min_height: float | None
    part: str | None
    units: str | None
    scale: float | None
    width_m: float | None
    largest: bool
    index: int | None
    select: str | None
    each: bool
    center: bool
    pose: str | None

    @property
    def source(self) -> str:
        """What was named."""
        return self.image or self.part or self.depth or ""

    def check(self) -> None:
        """Refuse what does not go together.

        Raises:
            InputError: neither or both of picture and object are named, or an option of the other.
        """
        if [self.image, self.part, self.depth].count(None) != 2:
            raise InputError("give what to grasp: one of --image, --object and --depth")
        of_pictures = {"--mask": self.mask, "--sheet": self.sheet, "--corners": self.corners}
        given = [name for name, value in of_pictures.items() if value is not None]
        if self.image is None and given:
            raise InputError(f"{' and '.join(given)} go with --image")
        if self.corners is not None and self.sheet is None:
            raise InputError("--corners go with --sheet, the size of the sheet")
        if self.sheet is not None and self.width_m is not None:
            raise InputError("--sheet gives the scale; leave --width-m out")
        of_depth = {
            "--intrinsics": self.intrinsics,
            "--depth-scale": self.depth_scale,
            "--min-height": self.min_height,
        }
        given = [name for name, value in of_depth.items() if value is not None]
        if self.depth is None and given:
            raise InputError(f"{' and '.join(given)} go with --depth")
        of_parts = {
            "--units": self.units,
            "--scale": self.scale,
            "--center": self.center or None,
            "--pose": self.pose,
        }
        given = [name for name, value in of_parts.items() if value is not None]
        if self.part is None and given:
            raise InputError(f"{' and '.join(given)} go with --object; a picture has its --width-m")
        chosen = self.choice().given()
        if self.each and chosen:
            raise InputError(f"--each takes all objects, and {chosen[0]} one; give one of them")

    def choice(self) -> "Choice":
        """Which of several objects is taken."""
        from fag_tf.environments.planar_grasp.parts.choice import Choice

        return Choice.of(self.largest, self.index, self.select)

    def scene(self, size: int) -> "Scene":
        """The scene in a picture of `size` pixels a side."""
        from fag_tf.environments.planar_grasp.scenes import scene_of_object

        if self.image is not None:
            return self.scene_of(self.image, size)
        if self.depth is not None:
            from fag_tf.environments.planar_grasp.depth_scenes import scene_of_depth

            return scene_of_depth(
                self.depth, self.intrinsics, choice=self.choice(), size=size, **self._of_depth()
            )
        assert self.part is not None
        return scene_of_object(
            self.part,
            size,
            largest=self.largest,
            index=self.index,
            select=self.select,
            center=self.center,
            **self._of_file(),
        )

    def scenes(self, size: int) -> "EachScene":
        """The scenes of all objects, from left to right."""
        from fag_tf.environments.planar_grasp.scenes import scenes_of_object, scenes_of_picture

        if self.image is not None:
            return scenes_of_picture(self.image, self.width_m, size, **self._of_picture())
        if self.depth is not None:
            from fag_tf.environments.planar_grasp.depth_scenes import scenes_of_depth

            return scenes_of_depth(self.depth, self.intrinsics, size=size, **self._of_depth())
        assert self.part is not None
        return scenes_of_object(self.part, size, self.center, **self._of_file())

    def scene_of(self, picture: str, size: int) -> "Scene":
        """The scene of one of several pictures."""
        from fag_tf.environments.planar_grasp.scenes import scene_of_picture

        return scene_of_picture(
            picture, self.width_m, self.choice(), size, anywhere=True, **self._of_picture()
        )

    def sheet_on_table(self) -> "SheetOnTable | None":
        """The sheet that `--sheet` and `--corners` describe; None without."""
        if self.sheet is None:
            return None
        from fag_tf.environments.planar_grasp.images.perspective import parse_corners, parse_sheet
        from fag_tf.environments.planar_grasp.images.placement import SheetOnTable

        corners = None if self.corners is None else parse_corners(self.corners)
        return SheetOnTable(parse_sheet(self.sheet), corners)

    def _of_picture(self) -> dict[str, Any]:
        return {"mask": self.mask, "sheet": self.sheet_on_table()}

    def _of_file(self) -> dict[str, Any]:
        return {
            "units": self.units,
            "scale": self.scale,
            "width_m": self.width_m,
            "pose": self.pose,
        }

    def _of_depth(self) -> dict[str, Any]:
        from fag_tf.environments.planar_grasp.depth_scenes import MIN_HEIGHT

        return {
            "depth_scale": self.depth_scale,
            "width_m": self.width_m,
            "min_height": MIN_HEIGHT if self.min_height is None else self.min_height,
        }


@dataclass(frozen=True)
class Drawing:
    """How grasps are drawn.

    Attributes:
        model: a folder or a shipped model's name; None for the shipped one.
        count: grasps wanted.
        min_feasibility: least critic's probability of a grasp.
        seed: of the noise; None for any.
        gripper: as of `--gripper`; None for the model's.
        runtime: `onnx` or `savedmodel`.
        unverified: whether the model's own grasps are wanted even where the outline is known.
        to_robot: a file of the table's place in a robot's frame; None for no such columns.
    """

    model: str | None
    count: int
    min_feasibility: float
    seed: int | None
    gripper: str | None
    runtime: Any
    unverified: bool
    to_robot: Path | None


def depth_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--depth` and what goes with it."""
    for option in reversed(
        (
            click.option(
                "--depth",
                metavar="FILE",
                help="A depth picture (PNG or TIFF of 16 bits, .npy, .npz) of a camera that "
                "looks down on a table. Missing depth is 0 or NaN.",
            ),
            click.option(
                "--intrinsics",
                metavar="FX,FY,CX,CY|FILE",
                help="Intrinsics of the depth camera in pixels, or a file of camera info (.yaml, "
                ".json).",
            ),
            click.option(
                "--depth-scale",
                type=float,
                metavar="METRES",
                help="Metres of one unit of the depth picture.  [default: 0.001; floats: 1]",
            ),
            click.option(
                "--min-height",
                type=float,
                metavar="METRES",
                help="Least height of an object above the table.  [default: 0.003]",
            ),
        )
    ):
        function = option(function)
    return function


def photo_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What goes with `--image`."""
    for option in reversed(
        (
            click.option(
                "--mask",
                metavar="FILE",
                help="A silhouette of the part with the picture's size, white (or not 0) where "
                "the part is. The part is then not searched in the picture.",
            ),
            click.option(
                "--sheet",
                metavar="a4|a3|a5|letter|W,H",
                help="The sheet of paper under the part, by name or size (m). It gives the scale "
                "and corrects the perspective. The origin is then the sheet's centre, with "
                "x along W.",
            ),
            click.option(
                "--corners",
                metavar="'X,Y X,Y X,Y X,Y'",
                help="Pixels of the sheet's corners: upper left, upper right, lower right, lower "
                "left.  [default: found in the picture]",
            ),
        )
    ):
        function = option(function)
    return function


def is_same_file(first: str | Path, second: str | Path) -> bool:
    """Whether both are there and one file."""
    return Path(first).exists() and Path(second).exists() and Path(first).samefile(second)
