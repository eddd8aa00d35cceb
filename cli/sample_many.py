"""`fag-tf sample` for a folder or a pattern of pictures."""

import glob
import secrets
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fag_tf.cli.options import report
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fag_tf.cli.sample_options import Drawing, Target
    from fag_tf.deployment.batch_sampling import JobReport
    from fag_tf.deployment.grasp_sampling import GraspModel
    from fag_tf.deployment.samples import Samples
    from fag_tf.environments.planar_grasp.gripper import Gripper
    from fag_tf.environments.planar_grasp.robot_frame import RobotFrame
    from fag_tf.environments.planar_grasp.table_scene import Scene
    from fag_tf.environments.planar_grasp.views import View

__all__ = ["pictures_of", "sample_many"]


def pictures_of(image: str) -> tuple[list[str] | None, str | None]:
    """The pictures in a folder or of a pattern, sorted; None if `image` is neither.

    Returns:
        The pictures; and a sentence on files of the folder that are none, if there are any.

    Raises:
        InputError: there are none.
    """
    from fag_tf.environments.planar_grasp.parts.files import PICTURE_SUFFIXES

    path = Path(image)
    others: list[str] = []
    if path.is_dir():
        files = [each for each in path.iterdir() if each.is_file() or each.suffix]
        found = [str(each) for each in files if each.suffix.lower() in PICTURE_SUFFIXES]
        hidden = [each for each in files if each.name.startswith(".")]
        others = sorted(
            each.name for each in files if str(each) not in found and each not in hidden
        )
        where = f"the folder {image}"
    elif not path.exists() and glob.has_magic(image):
        found = [each for each in glob.glob(image, recursive=True) if Path(each).is_file()]
        where = f"{image}"
    else:
        return None, None
    if not found:
        raise InputError(f"{where} holds no picture ({', '.join(PICTURE_SUFFIXES)})")
    if not others:
        return sorted(found), None
    named = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
    what = "1 file" if len(others) == 1 else f"{len(others)} files"
    return sorted(found), f"passed over, no pictures: {what} of {image} ({named})"


def sample_many(
    model: "GraspModel",
    pictures: "Sequence[str]",
    out: Path,
    target: "Target",
    drawing: "Drawing",
    jaw: "Gripper",
    robot: "RobotFrame | None",
) -> int:
    """Draw grasps for every picture into one file; returns the exit code.

    Without a seed that of the job that was stopped, or else a new one, is taken.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from fag_tf.deployment.batch_sampling import SamplingJob, seed_of_stopped
    from fag_tf.deployment.viewed_model import in_table_frame
    from fag_tf.environments.planar_grasp.images.confidence import DOUBT
    from fag_tf.environments.planar_grasp.robot_frame import ROBOT_COLUMNS

    scenes: dict[str, Scene] = {}
    views: dict[str, View] = {}
    doubtful: list[str] = []

    def read(picture: str) -> Any:
        scene = scenes[picture] = target.scene_of(picture, model.image_size)
        doubtful.extend(f"{picture}: {note}" for note in scene.notes if note.startswith(DOUBT))
        views[picture] = model.view(scene, jaw)
        return views[picture].observation()

    def accept(picture: str, actions: Any) -> Any:
        local = views[picture].to_table(actions)
        good = model.acceptance(scenes[picture], views[picture], jaw, not drawing.unverified)
        return good(local)

    def place(picture: str, samples: "Samples") -> "Samples":
        local = in_table_frame(samples, views[picture])
        return local._replace(action=scenes[picture].in_frame(local.action))

    def describe(picture: str, actions: Any) -> Any:
        scene, local = scenes.pop(picture), views.pop(picture).to_table(actions)
        more = scene.columns(local, jaw)
        return more if robot is None else {**more, **robot.of(scene.in_frame(local))}

    seed, saved = drawing.seed, model.saved
    if seed is None:
        seed = seed_of_stopped(out)
    if seed is None:
        seed = secrets.randbelow(2**32)
    about = {
        "model": saved.card.name,
        "version": saved.directory.name,
        "model_digest": saved.card.digest,
        "runtime": saved.runtime,
        "units": {axis.name: axis.unit for axis in saved.card.action_space.axes},
        "gripper": vars(jaw),
        "width_m": target.width_m,
        "largest": target.largest,
        "index": target.index,
        "select": target.select,
        **({} if target.sheet is None else {"sheet": target.sheet}),
        **({"unverified": True} if drawing.unverified else {}),
    }
    names = ["width", "column", "row"]
    if robot is not None:
        about["to_robot"] = robot.matrix.tolist()
        names += ROBOT_COLUMNS
    job = SamplingJob(
        saved,
        read,
        out,
        drawing.count,
        seed,
        drawing.min_feasibility,
        about,
        describe,
        names,
        accept,
        place,
    )
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress("pictures", *columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("pictures", total=len(pictures))
        try:
            outcome = job.run(pictures, lambda finished: bar.update(task, completed=finished))
        except KeyboardInterrupt:
            bar.stop()
            report("Interrupted; the same command goes on with the pictures that are left")
            return 128 + signal.SIGINT
    for note in (*doubtful, *(() if robot is None else robot.notes)):
        report(f"Note: {note}")
    _say(outcome, out, drawing.min_feasibility, seed)
    return 1 if outcome.bad or outcome.empty else 0


def _say(outcome: "JobReport", out: Path, min_feasibility: float, seed: int) -> None:
    for reason in outcome.bad.values():
        report(f"skipped: {reason}")
    for source in outcome.empty:
        report(f"no grasp of {source} reaches feasibility {min_feasibility:g}")
    resumed = f", {outcome.resumed} of them drawn earlier" if outcome.resumed else ""
    report(
        f"{outcome.samples} grasps of {len(outcome.done)} pictures in {out}{resumed} "
        f"({len(outcome.empty)} without a grasp, {len(outcome.bad)} skipped; "
        f"feasibility >= {min_feasibility:g}, seed {seed})"
    )
