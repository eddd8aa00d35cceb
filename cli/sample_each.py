"""`fag-tf sample --each`: grasps of every part of one picture or file, in one table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import numpy as np

from fag_tf.cli.options import report
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fag_tf.cli.sample_options import Drawing, Target
    from fag_tf.deployment.grasp_sampling import GraspModel
    from fag_tf.deployment.verified_sampling import GraspSamples
    from fag_tf.environments.planar_grasp.gripper import Gripper
    from fag_tf.environments.planar_grasp.robot_frame import RobotFrame
    from fag_tf.environments.planar_grasp.table_scene import Scene

__all__ = ["sample_each"]


class _Part(NamedTuple):
    """Grasps of one part.

    Attributes:
        scene: the part; the others are its neighbours.
        found: its grasps, in the table's frame.
        action: the same in the frame that is written.
        more: further columns of the table.
    """

    scene: "Scene"
    found: "GraspSamples"
    action: "NDArray[np.float32]"
    more: "dict[str, NDArray[Any]]"


def sample_each(
    model: "GraspModel",
    target: "Target",
    drawing: "Drawing",
    jaw: "Gripper",
    robot: "RobotFrame | None",
    seed: int,
    out: str | None,
    picture: Path | None,
    about: dict[str, Any],
) -> int:
    """Draw grasps of every part; returns the exit code, 1 if no part has any.

    Args:
        model: draws them.
        target: what holds the parts.
        drawing: how they are drawn.
        jaw: the gripper.
        robot: the table in a robot's frame.
        seed: of the noise, the same for every part.
        out: the table; None prints it.
        picture: the picture beside it.
        about: what a JSON or NPZ file says of the grasps.

    Raises:
        InputError: no part can be used.
    """
    scenes = target.scenes(model.image_size)
    parts: dict[int, _Part] = {}
    bad: dict[int, str] = {}
    for number, scene in enumerate(scenes):
        if isinstance(scene, InputError):
            bad[number] = str(scene)
            continue
        try:
            found = model.draw(
                scene, jaw, drawing.count, seed, drawing.min_feasibility, not drawing.unverified
            )
        except InputError as error:
            bad[number] = str(error)
            continue
        if not len(found.action):
            bad[number] = found.reason or (
                f"none of {found.tries} tried reaches feasibility {drawing.min_feasibility:g} "
                f"(best {found.best:.2g})"
            )
        action = scene.in_frame(found.action)
        more = scene.columns(found.action, jaw) | ({} if robot is None else robot.of(action))
        more["part"] = np.full(len(action), number, np.int64)
        parts[number] = _Part(scene, found, action, more)
    if not parts:
        raise InputError("; ".join(f"part {number}: {reason}" for number, reason in bad.items()))
    _write(model, parts, jaw, out, picture, about)
    total = sum(len(each.action) for each in parts.values())
    told = [note for each in parts.values() for note in each.scene.notes]
    for number, each in parts.items():
        notes = each.scene.notes_on(each.found.action, jaw)
        told += [f"part {number}: {note}" for note in notes]
    for note in dict.fromkeys(told):
        report(f"Note: {note}")
    for note in () if robot is None else robot.notes:
        report(f"Note: {note}")
    for number, reason in bad.items():
        report(f"Note: no grasp of part {number}: {reason}")
    if not total:
        report(f"no grasp of any of {len(scenes)} parts (seed {seed})")
        return 1
    where = "" if out is None else f" in {out}, drawn in {picture}"
    served = len(scenes) - len(bad)
    exact = all(each.found.verified for each in parts.values())
    traced = all(each.found.traced for each in parts.values())
    report(
        f"{total} grasps of {served} of {len(scenes)} parts{where} "
        f"(feasibility >= {drawing.min_feasibility:g}, seed {seed})",
        *(["all hold by the exact rules"] if exact else []),
        *(["all hold by the exact rules on outlines traced in the picture"] if traced else []),
    )
    return 0


def _write(
    model: "GraspModel",
    parts: dict[int, _Part],
    jaw: "Gripper",
    out: str | None,
    picture: Path | None,
    about: dict[str, Any],
) -> None:
    from fag_tf._utils.files import all_or_none
    from fag_tf.deployment.sample_files import samples_csv, write_samples
    from fag_tf.environments.planar_grasp.images.parts_drawing import save_parts

    each = list(parts.values())
    action = np.concatenate([part.action for part in each])
    sure = np.concatenate([part.found.feasibility for part in each])
    more = {name: np.concatenate([part.more[name] for part in each]) for name in each[0].more}
    if out is None or picture is None:
        click.echo(samples_csv(model.axes, action, sure, more), nl=False)
        return
    densities = [part.found.log_density for part in each]
    known = [density for density in densities if density is not None]
    log_density = np.concatenate(known) if len(known) == len(each) else None
    outlines = []
    for part in each:
        outline = part.scene.outline()
        assert outline is not None  # no scene is empty
        outlines.append(part.scene.moved(outline))
    grasps, feasibility = [part.action for part in each], [part.found.feasibility for part in each]
    seen = each[0].scene
    backdrop = None if seen.backdrop is None else seen.backdrop().moved(seen.origin)
    with all_or_none():
        write_samples(Path(out), model.axes, action, sure, about, log_density, more)
        title = f"{seen.name}: {len(action)} grasps of {len(each)} parts"
        save_parts(picture, outlines, grasps, feasibility, jaw, title, list(parts), backdrop)
