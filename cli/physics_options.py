"""The options of `fag-tf check --physics`, and what they ask for."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.cli.options import FILE
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.environments.planar_grasp.physics.settings import PhysicsSettings

__all__ = ["PhysicsOptions", "physics_options"]

_LEVER = "lever"
_FORMATS = (".png", ".svg", ".pdf")


class _Force(click.ParamType):
    """A force in N, or the word `lever`."""

    name = "force"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == _LEVER:
            return value
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number of newtons nor {_LEVER}", param, ctx)


@dataclass(frozen=True)
class PhysicsOptions:
    """How grasps are checked in simulation; None is the default of `PhysicsSettings`."""

    physics: bool
    thickness: float | None
    density: float | None
    mass: float | None
    force: float | str | None
    shake: float | None
    max_slip: float | None
    max_turn: float | None
    workers: int | None
    out: Path | None

    def settings(self) -> "PhysicsSettings":
        """The assumptions.

        Raises:
            InputError: a number is out of range, or mass and density are both given.
        """
        from fag_tf.environments.planar_grasp.physics.settings import PhysicsSettings

        if self.mass is not None and self.density is not None:
            raise InputError("--mass and --density are both given; give one of them")
        names = {field.name for field in fields(PhysicsSettings)} & vars(self).keys()
        given = {name: vars(self)[name] for name in names if vars(self)[name] is not None}
        if given.get("force") == _LEVER:
            given |= {"force": PhysicsSettings.force, "lever_force": True}
        return PhysicsSettings(**given)

    def check(self) -> None:
        """Refuse what does not go together or is out of range, before anything is read.

        Raises:
            InputError: such an option is given without --physics, a number is out of range, the
                picture has an unknown format, or MuJoCo is not installed.
        """
        given = [name for name, value in vars(self).items() if value not in (None, False)]
        if given and not self.physics:
            names = " and ".join(f"--{name.replace('_', '-')}" for name in given)
            raise InputError(f"{names}: only with --physics; give that too")
        if self.out is not None and self.out.suffix.lower() not in _FORMATS:
            raise InputError(f"--out is {self.out}; it must end in {', '.join(_FORMATS)}")
        if self.physics:
            from fag_tf.environments.planar_grasp.physics.jaw_model import import_mujoco

            self.settings()
            import_mujoco()


def physics_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `PhysicsOptions`."""
    for option in reversed(
        (
            click.option(
                "--physics",
                is_flag=True,
                help="Also simulate the grasps in MuJoCo: close the jaw, lift the part and shake "
                "it. Friction and pads are those of --gripper. Needs pip install "
                "'fag-tf[physics]'.",
            ),
            click.option(
                "--thickness",
                type=float,
                metavar="METRES",
                help="Height of the part above the table.  [default: 0.02]",
            ),
            click.option(
                "--density",
                type=float,
                metavar="KG/M3",
                help="Density of the part; steel has 7850, wood 700.  [default: 1200, plastic]",
            ),
            click.option(
                "--mass", type=float, metavar="KG", help="Mass of the part; instead of --density."
            ),
            click.option(
                "--force",
                type=_Force(),
                metavar="N|lever",
                help="Force of each pad. lever: the smallest force that holds the part at the "
                "gripper's max_lever.  [default: 40]",
            ),
            click.option(
                "--shake",
                type=float,
                metavar="M/S2",
                help="Acceleration of the shaking, in six directions.  [default: 5]",
            ),
            click.option(
                "--max-slip",
                type=float,
                metavar="METRES",
                help="Greatest distance that the part may slide in the closed jaw.  [default: "
                "0.003]",
            ),
            click.option(
                "--max-turn",
                type=float,
                metavar="DEGREES",
                help="Greatest angle that the part may turn in the closed jaw.  [default: 5]",
            ),
            click.option(
                "--workers",
                type=click.IntRange(min=1),
                metavar="K",
                help="Number of processes.  [default: 1]",
            ),
            click.option(
                "--out",
                type=FILE,
                metavar="PNG|SVG|PDF",
                help="A picture of the first eight simulated grasps.",
            ),
        )
    ):
        function = option(function)
    return function
