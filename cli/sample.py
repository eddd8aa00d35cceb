"""`fag-tf sample`: grasps of an object in a picture or file, from a saved model."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.cli.options import gripper_option, object_options, report
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.deployment.feasible_sampling import FeasibleSamples
    from fag_tf.environments.planar_grasp.gripper import Gripper
    from fag_tf.environments.planar_grasp.scenes import Scene

__all__ = ["command"]

MOST_SAMPLES = 1_000_000


@click.command("sample")
@click.argument("model", required=False)
@click.option(
    "--image",
    metavar="PNG|FOLDER|PATTERN",
    help="A picture of one object on a plain background; or a folder or pattern ('parts/*.png') of "
    "such pictures.",
)
@object_options(required=False)
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, MOST_SAMPLES),
    default=64,
    show_default=True,
    metavar="K",
    help="How many grasps.",
)
@click.option(
    "--out",
    metavar="FILE",
    help="Where to: .csv, .json or .npz; a picture is put beside it. Without it CSV is printed. "
    "Grasps of several pictures go into one .csv, .jsonl, .npz or .parquet.",
)
@click.option(
    "--min-feasibility",
    type=click.FloatRange(0.0, 1.0),
    default=0.5,
    show_default=True,
    help="Least critic's probability of a grasp; 0 keeps all.",
)
@click.option("--seed", type=click.IntRange(min=0), help="The same seed gives the same grasps.")
@gripper_option(default="the model's")
@click.option(
    "--runtime",
    type=click.Choice(["onnx", "savedmodel"]),
    default="onnx",
    show_default=True,
    help="Which form of the model to run; onnx needs no TensorFlow.",
)
def command(
    model: str | None,
    image: str | None,
    part: str | None,
    units: str | None,
    scale: float | None,
    width_m: float | None,
    largest: bool,
    count: int,
    out: str | None,
    min_feasibility: float,
    seed: int | None,
    gripper: str | None,
    runtime: Any,
) -> int:
    """Draw grasps of an object with MODEL (a directory NAME or NAME/VERSION), or the shipped one.

    Writes columns x,y,theta,feasibility: m and rad in the frame of the table, whose centre is the
    centre of the picture, x to the right and y up. At most 64 K actions are tried, or 4096 if that
    is more. Exit code 1 if none of them reaches --min-feasibility.

    Of several pictures a bad one is reported and skipped, and the exit code is 1. If it is
    stopped, the same command goes on where it was.
    """
    from fag_tf._utils.files import all_or_none, check_writable
    from fag_tf.cli.sample_many import pictures_of, sample_many
    from fag_tf.deployment.feasible_sampling import draw_feasible
    from fag_tf.deployment.model_folders import shipped_model
    from fag_tf.deployment.playground.grasp_models import image_size, model_gripper
    from fag_tf.deployment.sample_files import check_suffix, samples_csv, write_samples
    from fag_tf.deployment.sample_groups import check_group_suffix
    from fag_tf.deployment.sampler import load_model
    from fag_tf.environments.planar_grasp.gripper import parse_gripper

    if (image is None) == (part is None):
        raise InputError("give what to grasp: either --image or --object")
    if image is not None and (units is not None or scale is not None):
        raise InputError("--units and --scale go with --object; a picture has its --width-m")
    pictures = None if image is None else pictures_of(image)
    if pictures is not None and out is None:
        raise InputError(f"{len(pictures)} pictures need a file for their grasps; name it by --out")
    if out is not None:
        if pictures is None:
            check_suffix(out)
        else:
            check_group_suffix(Path(out))
        check_writable(Path(out).parent)
    source = image or part
    if out is not None and source is not None and _is_same_file(out, source):
        raise InputError(f"--out {out} is the file that is read; name another")
    given = None if gripper is None else parse_gripper(gripper)
    sampler = load_model(model if model is not None else shipped_model(), runtime)
    size = image_size(sampler)
    jaw = model_gripper(sampler.card) if given is None else given
    if pictures is not None:
        assert out is not None
        return sample_many(
            sampler,
            pictures,
            Path(out),
            jaw,
            size,
            width_m,
            largest,
            count,
            min_feasibility,
            seed,
        )
    seed = secrets.randbelow(2**32) if seed is None else seed
    scene = _scene(image, part, units, scale, width_m, largest, size)
    (found,) = draw_feasible(sampler, scene.observation(jaw), count, seed, min_feasibility)

    names = [axis.name for axis in sampler.card.action_space.axes]
    picture = None
    if out is None:
        click.echo(samples_csv(names, found.action, found.feasibility), nl=False)
    else:
        picture = _picture_path(out, source)
        about = {
            "model": sampler.card.name,
            "version": sampler.directory.name,
            "object": scene.name,
            "units": {axis.name: axis.unit for axis in sampler.card.action_space.axes},
            "gripper": {key: getattr(jaw, key) for key in _gripper_fields()},
            "min_feasibility": min_feasibility,
            "seed": seed,
            "tries": found.tries,
        }
        with all_or_none():
            write_samples(out, names, found.action, found.feasibility, about)
            _draw(picture, scene, found, jaw)
    if len(found.action) == 0:
        report(
            f"no grasp: none of {found.tries} tried reaches feasibility {min_feasibility:g} "
            f"(best {found.best:.2g}, seed {seed})",
            *scene.notes,
        )
        return 1
    for note in scene.notes:
        report(f"Note: {note}")
    report(*_summary(scene, found, jaw, count, min_feasibility, seed, out, picture))
    return 0


def _is_same_file(first: str, second: str) -> bool:
    return Path(first).exists() and Path(second).exists() and Path(first).samefile(second)


def _gripper_fields() -> tuple[str, ...]:
    from fag_tf.environments.planar_grasp.gripper import FIELDS

    return FIELDS


def _scene(
    image: str | None,
    part: str | None,
    units: str | None,
    scale: float | None,
    width_m: float | None,
    largest: bool,
    size: int,
) -> "Scene":
    from fag_tf.environments.planar_grasp.scenes import scene_of_object, scene_of_picture

    if image is not None:
        return scene_of_picture(image, width_m, largest, size)
    assert part is not None
    return scene_of_object(part, units, scale, width_m, largest, size)


def _picture_path(out: str, source: str | None) -> Path:
    """`out` with the suffix .png, unless that is the picture that was read."""
    path = Path(out).with_suffix(".png")
    if source is not None and _is_same_file(str(path), source):
        return path.with_name(f"{path.stem}_grasps.png")
    return path


def _draw(path: Path, scene: "Scene", found: "FeasibleSamples", jaw: "Gripper") -> None:
    from fag_tf.environments.planar_grasp.images.drawing import save_overlay

    title = f"{scene.name}: {_grasps(len(found.action))}"
    save_overlay(path, scene.image, found.action, found.feasibility, jaw, title)


def _grasps(number: int) -> str:
    return f"{number} grasp" + "s" * (number != 1)


def _summary(
    scene: "Scene",
    found: "FeasibleSamples",
    jaw: "Gripper",
    count: int,
    min_feasibility: float,
    seed: int,
    out: str | None,
    picture: Path | None,
) -> list[str]:
    number = len(found.action)
    fewer = f", fewer than the {count} wanted: the bound of tries is reached" * (number < count)
    where = "" if out is None else f" in {out}, drawn in {picture}"
    sentences = [
        f"{_grasps(number)}{where} from {found.tries} tried{fewer} "
        f"(feasibility >= {min_feasibility:g}, seed {seed})"
    ]
    if scene.part is not None:
        from fag_tf.environments.planar_grasp.feasibility.rules import feasibility

        exact = int(feasibility(scene.part, jaw, found.action).sum())
        sentences.append(f"the exact rules accept {exact}")
    return sentences
