"""Options that several commands share."""

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

__all__ = [
    "FILE",
    "FOLDER",
    "GRIPPER",
    "FileOptions",
    "file_options",
    "gathered",
    "gripper_option",
    "object_options",
    "ray_option",
    "report",
]


class _Folder(click.Path):
    """A folder's path; an empty one is a variable that is not set, not the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value):
            self.fail("it is empty; name a folder, . for the current one", param, ctx)
        return super().convert(value, param, ctx)


FILE = click.Path(dir_okay=False, path_type=Path)
"""The type of options that name a file, which need not be there."""

FOLDER = _Folder(path_type=Path)
"""The type of options that name a folder."""

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


GRIPPER = "PRESET|KEY=VALUE,...|FILE"
"""What `--gripper` takes."""


def gripper_option(default: str) -> _Decorator:
    """`--gripper`, as text or None; `parse_gripper` reads it.

    Args:
        default: what is taken if it is not given, in words.
    """
    return click.option(
        "--gripper",
        metavar=GRIPPER,
        help="A preset (robotiq_2f85, robotiq_2f140, robotiq_hande, franka_hand, onrobot_rg2, "
        "onrobot_rg6, onrobot_2fg7, schunk_wsg50, schunk_egk25, schunk_egu50), numbers such as "
        "opening=0.085,pad_width=0.022 (m), or a TOML or JSON file of them. A number that is not "
        f"given is that of robotiq_2f85.  [default: {default}]",
    )


def ray_option(what: str) -> _Decorator:
    """`--ray`, as text or None; `fag_tf.parallel.ray_cluster` reads it.

    Args:
        what: what is computed there.
    """
    return click.option(
        "--ray",
        "address",
        metavar="[ADDRESS]",
        is_flag=False,
        flag_value="",
        help=f"{what} on a Ray cluster: HOST:PORT; auto, the cluster of this machine; or local, a "
        "new cluster of this machine alone.  [default: RAY_ADDRESS, otherwise local]",
    )


@dataclass(frozen=True)
class FileOptions:
    """How an object's file is read; see `parts.objects.read_with_neighbours`."""

    units: str | None
    scale: float | None
    width_m: float | None
    largest: bool
    index: int | None
    select: str | None
    center: bool
    pose: str | None

    def given(self) -> list[str]:
        """Those that were given, as they were written."""
        options = {
            "--units": self.units,
            "--scale": self.scale,
            "--width-m": self.width_m,
            "--largest": self.largest,
            "--index": self.index,
            "--select": self.select,
            "--center": self.center,
            "--pose": self.pose,
        }
        return [name for name, value in options.items() if value is not None and value is not False]


def file_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `FileOptions`."""
    for option in reversed(
        (
            click.option(
                "--units",
                type=click.Choice(["m", "cm", "mm", "in"]),
                help="Unit of the coordinates in --object's file.  [default: m; SVG, DXF, GLB: "
                "their own; STL, OBJ, PLY: mm]",
            ),
            click.option(
                "--scale",
                type=float,
                help="Enlarges the object about the origin by this factor.  [default: 1]",
            ),
            click.option(
                "--width-m",
                type=float,
                metavar="METRES",
                help="Width of the table that the picture shows.  [default: padded to a square "
                "of 0.30]",
            ),
            click.option(
                "--largest",
                is_flag=True,
                help="Take the largest of several objects.",
            ),
            click.option(
                "--index",
                type=click.IntRange(min=0),
                metavar="K",
                help="Take object K of several, from left to right, starting with 0.",
            ),
            click.option(
                "--select",
                metavar="X,Y",
                help="Take the object at this point, in m, in the frame of the grasps. "
                "COLUMN,ROWpx is a pixel of the picture.",
            ),
            click.option(
                "--center",
                is_flag=True,
                help="Move the part of --object's file to the middle of the table.",
            ),
            click.option(
                "--pose",
                metavar="K|file",
                help="Number of the stable pose in which a mesh lies, the most likely first; "
                "file: the pose of the file. A note lists the poses.  [default: 0]",
            ),
        )
    ):
        function = option(function)
    return function


def object_options(required: bool, use: str = "") -> _Decorator:
    """`--object` with what goes with it, see `file_options`.

    Args:
        required: whether an object must be named.
        use: what the command does with it, a sentence before what it may be.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        return click.option(
            "--object",
            "part",
            required=required,
            metavar="NAME|FILE",
            help=f"{use}A named part (H, 8, Spoon, T, C, L, X, hammer, O), a random one "
            "(random:1), or a WKT, GeoJSON, SVG, DXF, mesh (STL, OBJ, PLY, GLB) or silhouette "
            "file. Coordinates are in the table's frame. The centre of an SVG or picture is the "
            "table's centre.",
        )(file_options(function))

    return decorate


def gathered(**records: type) -> _Decorator:
    """Give a command records in the place of single options.

    Args:
        records: of each parameter its dataclass, whose fields are named as the options are.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def gather(**given: Any) -> Any:
            made = {
                name: record(**{field.name: given.pop(field.name) for field in fields(record)})
                for name, record in records.items()
            }
            return function(**made, **given)

        return gather

    return decorate


def report(*sentences: str) -> None:
    """Say something to the user beside the output: one line on the standard error."""
    with contextlib.suppress(OSError):  # nowhere to say it; the output matters more
        click.echo("; ".join(sentences), err=True)
