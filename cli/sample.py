"""`fag-tf sample`: grasps of an object in a picture or file, from a saved model."""

import dataclasses
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.cli.options import FILE, gathered, gripper_option, object_options, ray_option, report
from fag_tf.cli.sample_options import (
    Drawing,
    Target,
    depth_options,
    is_same_file,
    photo_options,
)
from fag_tf.cli.sample_reports import grasps_text, none_text, summary
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fag_tf.deployment.grasp_sampling import GraspModel
    from fag_tf.deployment.sample_files import Columns
    from fag_tf.deployment.verified_sampling import GraspSamples
    from fag_tf.environments.planar_grasp.gripper import Gripper
    from fag_tf.environments.planar_grasp.robot_frame import RobotFrame
    from fag_tf.environments.planar_grasp.table_scene import Scene

__all__ = ["command"]

MOST_SAMPLES = 1_000_000


@click.command("sample")
@click.argument("model", required=False)
@click.option(
    "--image",
    metavar="PNG|FOLDER|PATTERN",
    help="A picture of one object on a plain background. Also a folder or a pattern "
    "('parts/*.png') of such pictures.",
)
@photo_options
@depth_options
@object_options(required=False)
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, MOST_SAMPLES),
    default=64,
    show_default=True,
    metavar="K",
    help="Number of grasps.",
)
@click.option(
    "--out",
    metavar="FILE",
    help="Output file: .csv, .json or .npz. A drawing is put beside it. Without this "
    "option CSV is printed. Grasps of several pictures go into one .csv, .jsonl, .npz "
    "or .parquet file. If the name ends in /, or is on an object store "
    "(s3://BUCKET/FOLDER), they go into a folder of Parquet files.",
)
@click.option(
    "--min-feasibility",
    type=click.FloatRange(0.0, 1.0),
    default=0.5,
    show_default=True,
    help="Least probability that the critic gives to a grasp; 0 keeps all grasps.",
)
@click.option(
    "--unverified",
    is_flag=True,
    help="Give the model's own grasps, without a check by the exact rules.",
)
@click.option(
    "--each",
    is_flag=True,
    help="Draw K grasps of every part of a picture or file. The column part has the number "
    "of the part, from left to right, starting with 0.",
)
@click.option(
    "--to-robot",
    type=FILE,
    metavar="FILE",
    help="A file with the place of the table in the robot's base frame, m: a 4 x 4 matrix "
    "(four lines, TOML or JSON), or the points that the robot touched (TOML or JSON), "
    "table = [[x, y], ...] and robot = [[x, y, z], ...]. Adds the columns "
    "robot_x,robot_y,robot_z,robot_yaw.",
)
@click.option("--seed", type=click.IntRange(min=0), help="The same seed gives the same grasps.")
@gripper_option(default="the model's")
@click.option(
    "--runtime",
    type=click.Choice(["onnx", "savedmodel"]),
    default="onnx",
    show_default=True,
    help="The file of the model that is run. onnx needs no TensorFlow.",
)
@ray_option("Draw grasps of several pictures")
@gathered(target=Target, drawing=Drawing)
def command(target: Target, drawing: Drawing, out: str | None, address: str | None) -> int:
    """Draw grasps of an object with MODEL, a directory NAME or NAME/VERSION.

    Without MODEL the shipped model planar_grasp is used.

    Writes the columns x,y,theta,feasibility,width in m and rad. x points right and y points up. The
    origin of --object is the table's centre, that of a picture is the picture's centre, and that of
    --depth is the point where the optical axis meets the table. width is the distance between the
    pads at contact. For pictures column,row follow: the pixel that shows x,y (0,0 is the centre of
    the first pixel).

    With --object, the exact rules check every grasp. If the model gives too few grasps that hold,
    the rules draw the rest; such grasps have feasibility 1. With a picture, the rules check each
    grasp on the outline that is traced in the picture. If this outline is doubtful, a note says so.
    The drawing beside --out shows the outline on the picture.

    The exit code is 1, with the reason, if no grasp is found. With a picture, at most 64 K actions
    are tried, or 4096 if that is more.

    If one picture or file has several parts, one is grasped and the others are obstacles. With
    --each, a note names every part without a grasp, and the exit code is 1 if no part has one.

    If there are several pictures, one that cannot be used is reported and skipped, and the exit
    code is 1. A stopped command continues if it is run again.
    """
    # NumPy's products are small here. Its threads, made when it is loaded, would do little but
    # wait, and they wait at full speed on the cores that ONNX Runtime needs.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from fag_tf.cli.sample_many import pictures_of, sample_many
    from fag_tf.deployment.grasp_sampling import GraspModel
    from fag_tf.deployment.sampler import load_model
    from fag_tf.environments.planar_grasp.gripper import parse_gripper
    from fag_tf.environments.planar_grasp.robot_frame import read_robot_frame

    if not target.source and drawing.model is not None:
        GraspModel(load_model(drawing.model, drawing.runtime))  # no object would help another model
    target.check()
    pictures, passed_over = (None, None) if target.image is None else pictures_of(target.image)
    if pictures is not None and (target.mask or target.corners):
        raise InputError("--mask and --corners go with one picture, not with several")
    if pictures is not None and target.each:
        raise InputError("--each goes with one picture; name one file")
    if pictures is not None and out is None:
        raise InputError(f"{len(pictures)} pictures need a file for their grasps; name it by --out")
    if pictures is None and address is not None:
        raise InputError("--ray goes with several pictures: a folder or a pattern in --image")
    if out is not None:
        _check_out(out, target.source, several=pictures is not None)
    robot = None if drawing.to_robot is None else read_robot_frame(drawing.to_robot)
    jaw = None if drawing.gripper is None else parse_gripper(drawing.gripper)
    model = GraspModel(load_model(drawing.model, drawing.runtime))
    jaw = model.gripper if jaw is None else jaw
    if target.each:
        from fag_tf.cli.sample_each import sample_each

        seed = secrets.randbelow(2**32) if drawing.seed is None else drawing.seed
        picture = None if out is None else _picture_path(out, target.source)
        about = _about(model, Path(target.source).stem, jaw, robot, drawing.min_feasibility, seed)
        return sample_each(model, target, drawing, jaw, robot, seed, out, picture, about)
    if pictures is None:
        return _sample_one(model, target, drawing, jaw, robot, out)
    assert out is not None
    if passed_over is not None:
        report(f"Note: {passed_over}")
    return sample_many(model, pictures, out, target, drawing, jaw, robot, address)


def _check_out(out: str, source: str, several: bool) -> None:
    """Refuse a file that cannot be written, before anything dear is done."""
    from fag_tf._utils.files import check_writable
    from fag_tf.deployment.sample_files import check_suffix
    from fag_tf.deployment.sample_folder import is_part_folder
    from fag_tf.deployment.sample_groups import check_group_suffix
    from fag_tf.deployment.stored_files import is_stored

    if several and is_part_folder(out):
        check_group_suffix(Path("part.parquet"))  # needs the same package
        if not is_stored(out):
            check_writable(out)
        return
    if several:
        check_group_suffix(Path(out))
    else:
        check_suffix(out)
    check_writable(Path(out).parent)
    if is_same_file(out, source):
        raise InputError(f"--out {out} is the file that is read; name another")


def _sample_one(
    model: "GraspModel",
    target: Target,
    drawing: Drawing,
    jaw: "Gripper",
    robot: "RobotFrame | None",
    out: str | None,
) -> int:
    seed = secrets.randbelow(2**32) if drawing.seed is None else drawing.seed
    scene = target.scene(model.image_size)
    verified = not drawing.unverified
    found = model.draw(scene, jaw, drawing.count, seed, drawing.min_feasibility, verified)
    local, more = found.action, scene.columns(found.action, jaw)
    found = dataclasses.replace(found, action=scene.in_frame(local))
    if robot is not None:
        more |= robot.of(found.action)
    picture = None
    if out is None:
        click.echo(model.csv(found, more), nl=False)
    else:
        picture = _picture_path(out, target.source)
        about = _about(model, scene.name, jaw, robot, drawing.min_feasibility, seed)
        about |= {key: getattr(found, key) for key in ("tries", "verified", "traced", "filled")}
        _write(Path(out), picture, model, scene, found, local, jaw, about, more)
    if len(found.action) == 0:
        report(none_text(found, drawing, seed), *scene.notes)
        return 1
    told = (*scene.notes, *scene.notes_on(local, jaw))
    for note in (*told, *(() if robot is None else robot.notes)):
        report(f"Note: {note}")
    where = "" if out is None else f" in {out}, drawn in {picture}"
    report(*summary(scene, found, jaw, drawing, seed, where))
    return 0


def _picture_path(out: str, source: str) -> Path:
    """`out` with the suffix .png, unless that is the picture that was read."""
    path = Path(out).with_suffix(".png")
    if is_same_file(path, source):
        return path.with_name(f"{path.stem}_grasps.png")
    return path


def _about(
    model: "GraspModel",
    name: str,
    jaw: "Gripper",
    robot: "RobotFrame | None",
    min_feasibility: float,
    seed: int,
) -> dict[str, Any]:
    """What a JSON or NPZ file says of its grasps."""
    from fag_tf.environments.planar_grasp.gripper import FIELDS

    card = model.saved.card
    about = {
        "model": card.name,
        "version": model.saved.directory.name,
        "object": name,
        "units": {axis.name: axis.unit for axis in card.action_space.axes} | {"width": "m"},
        "gripper": {key: getattr(jaw, key) for key in FIELDS},
        "min_feasibility": min_feasibility,
        "seed": seed,
    }
    return about if robot is None else {**about, "to_robot": robot.matrix.tolist()}


def _write(
    out: Path,
    picture: Path,
    model: "GraspModel",
    scene: "Scene",
    found: "GraspSamples",
    local: "NDArray[Any]",
    jaw: "Gripper",
    about: dict[str, Any],
    more: "Columns",
) -> None:
    """Write the grasps, and their picture with the jaws at the local grasps."""
    from fag_tf._utils.files import all_or_none
    from fag_tf.deployment.sample_files import write_samples
    from fag_tf.environments.planar_grasp.images.drawing import save_overlay

    grasps, title = found.action, f"{scene.name}: {grasps_text(len(found.action))}"
    with all_or_none():
        write_samples(out, model.axes, grasps, found.feasibility, about, found.log_density, more)
        backdrop = None if scene.backdrop is None else scene.backdrop()
        save_overlay(
            picture, scene.image, local, found.feasibility, jaw, title, backdrop, scene.outline()
        )
