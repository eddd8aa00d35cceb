"""`fag-tf sample` for a folder or a pattern of pictures."""

import glob
import secrets
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fag_tf.cli.options import report
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fag_tf.cli.sample_options import Drawing, Target
    from fag_tf.deployment.batch_sampling import JobReport
    from fag_tf.deployment.grasp_sampling import GraspModel
    from fag_tf.deployment.picture_sampling import PictureSettings
    from fag_tf.deployment.ray_sampling import RaySampling
    from fag_tf.environments.planar_grasp.gripper import Gripper
    from fag_tf.environments.planar_grasp.robot_frame import RobotFrame

__all__ = ["pictures_of", "sample_many"]


def pictures_of(image: str) -> tuple[list[str] | None, str | None]:
    """The pictures in a folder or of a pattern, sorted; None if `image` is neither.

    Either may lie on an object store: `s3://bucket/pictures`, `gs://bucket/pictures/*.png`.

    Returns:
        The pictures; and a sentence on files of the folder that are none, if there are any.

    Raises:
        InputError: there are none.
    """
    from fag_tf.deployment.stored_files import is_stored, list_stored
    from fag_tf.environments.planar_grasp.parts.files import PICTURE_SUFFIXES

    path = Path(image)
    others: list[str] = []
    if is_stored(image):
        found = list_stored(image, PICTURE_SUFFIXES)
        where = image
    elif path.is_dir():
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
    out: str,
    target: "Target",
    drawing: "Drawing",
    jaw: "Gripper",
    robot: "RobotFrame | None",
    address: str | None,
) -> int:
    """Draw grasps for every picture into one file or folder; returns the exit code.

    Without a seed that of the job that was stopped, or else a new one, is taken. With an address
    they are drawn in the Ray cluster there.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from fag_tf.deployment.batch_sampling import SamplingJob, seed_of_stopped
    from fag_tf.deployment.picture_sampling import PictureSettings, picture_sampler
    from fag_tf.deployment.sample_folder import FolderJob, is_part_folder, seed_of_folder

    seed = drawing.seed
    if seed is None:
        seed = seed_of_folder(out) if is_part_folder(out) else seed_of_stopped(Path(out))
    if seed is None:
        seed = secrets.randbelow(2**32)
    settings = PictureSettings(
        drawing.count,
        seed,
        drawing.min_feasibility,
        jaw,
        target.width_m,
        target.choice(),
        robot,
        target.sheet_on_table(),
        drawing.unverified,
    )
    doubtful: list[str] = []
    ray = None if address is None else _on_ray(address, model, settings, doubtful.append)
    sampler = picture_sampler(model, settings, tell_doubt=doubtful.append)
    about = settings.about(model)
    job: SamplingJob | FolderJob
    if is_part_folder(out):
        job = FolderJob(sampler, out, about, None if ray is None else ray.draw_parts)
    else:
        job = SamplingJob(sampler, Path(out), about, None if ray is None else ray.draw)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress("pictures", *columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("pictures", total=len(pictures))
        try:
            outcome = job.run(pictures, lambda finished: bar.update(task, completed=finished))
        except KeyboardInterrupt:
            bar.stop()
            report("Interrupted; the same command goes on with the pictures that are left")
            return 128 + signal.SIGINT
    for note in (*sorted(doubtful), *(() if robot is None else robot.notes)):
        report(f"Note: {note}")
    _say(outcome, out, drawing.min_feasibility, seed)
    return 1 if outcome.bad or outcome.empty else 0


def _on_ray(
    address: str,
    model: "GraspModel",
    settings: "PictureSettings",
    tell_doubt: "Callable[[str], None]",
) -> "RaySampling":
    from fag_tf.deployment.ray_sampling import RaySampling
    from fag_tf.parallel.ray_cluster import ray_cluster

    click.get_current_context().with_resource(ray_cluster(address))
    return RaySampling(model.saved, settings, tell_doubt)


def _say(outcome: "JobReport", out: str, min_feasibility: float, seed: int) -> None:
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
