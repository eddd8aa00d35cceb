"""`fag-tf evaluate`: a model's figures against the exact truth, object by object."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fag_tf.cli.options import FOLDER, GRIPPER, FileOptions, file_options, gathered, report
from fag_tf.cli.progress import progress
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.deployment.sampler import Runtime
    from fag_tf.environments.base import Environment, SampleFn
    from fag_tf.evaluation.evaluate import Evaluation

__all__ = ["command"]

COLUMNS = {
    "feasible_rate": "rate",
    "mode_recall": "recall",
    "least_share": "least",
    "coverage": "coverage",
    "c2st": "C2ST",
    "grid_jsd": "JSD",
    "grid_jsd_floor": "floor",
    "kept": "kept",
}


@click.command("evaluate")
@click.argument("model", metavar="[RUN_OR_MODEL]", required=False)
@click.option(
    "--object",
    "objects",
    multiple=True,
    metavar="NAME|FILE",
    help="An object to evaluate on. May be given several times. For planar grasps "
    "random:0-39 gives forty random parts.  [default: the test objects]",
)
@file_options
@click.option(
    "--poses",
    type=click.IntRange(1, 10_000),
    default=8,
    show_default=True,
    help="Number of states (poses) of each object; without named objects, of the environment.",
)
@click.option(
    "--samples",
    type=click.IntRange(1, 1_000_000),
    default=4096,
    show_default=True,
    help="Number of samples in each state.",
)
@click.option(
    "--coverage-samples",
    type=click.IntRange(1),
    default=1024,
    show_default=True,
    help="Number of samples for coverage, the K of coverage@K.",
)
@click.option(
    "--c2st-poses",
    type=click.IntRange(0, 10_000),
    help="Number of states of each object for C2ST, which takes some ten seconds a state; 0 "
    "leaves it out.  [default: some 8 in all]",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of all random numbers.",
)
@click.option("--gripper", metavar=GRIPPER, help="A gripper other than the default.")
@click.option(
    "--env",
    metavar="NAME|MODULE:CLASS",
    help="The environment in which a saved model is measured.  [default: the one that its "
    "card names, if it is installed]",
)
@click.option(
    "--runtime",
    type=click.Choice(["onnx", "savedmodel"]),
    help="The file of the model that is run.  [default: onnx]",
)
@click.option(
    "--reader",
    is_flag=True,
    help="Also measure grasps that the exact rules accept on the outline in the picture, "
    "without learning.",
)
@click.option(
    "--out",
    type=FOLDER,
    default="evaluation",
    show_default=True,
    metavar="DIR",
    help="Folder for evaluation.json and the pictures.",
)
@gathered(file=FileOptions)
def command(
    model: str | None,
    objects: tuple[str, ...],
    file: FileOptions,
    poses: int,
    samples: int,
    coverage_samples: int,
    c2st_poses: int | None,
    seed: int,
    gripper: str | None,
    env: str | None,
    runtime: "Runtime | None",
    reader: bool,
    out: Path,
) -> None:
    """Measure a model (NAME or NAME/VERSION) or a run; by default the shipped planar_grasp.

    The exact rules check every sample. The rows are: all samples; the samples that the critic keeps
    (feasibility of 0.5 or more); with --reader, grasps read from the picture without learning
    (kept: with a margin of 1 mm and 2 degrees); and samples uniform over the action space.

    The columns are: feasible rate, mode recall, least share of a mode, coverage, C2ST, JSD, its
    floor, and the share that is kept. C2ST is a classifier two-sample test of feasible samples and
    uniform feasible draws (0.5: they cannot be separated, 1: nothing in common). JSD is the
    Jensen-Shannon divergence from the truth, and its floor is the value of perfect samples.
    """
    from fag_tf._utils.figures import save_figure
    from fag_tf._utils.files import all_or_none, check_writable
    from fag_tf.evaluation.evaluate import evaluate
    from fag_tf.evaluation.plots import evaluation_figure
    from fag_tf.evaluation.sample_plots import draw_examples

    check_writable(out)
    if file.given() and not objects:
        raise InputError(f"{file.given()[0]} goes with --object; name one")
    with progress("loading the model") as show:
        environment, sampler = _load(model, runtime, gripper, env)
        if file.given():
            _read_with(environment, file)
        show.doing("drawing samples and checking them")
        evaluation = evaluate(
            environment,
            sampler,
            objects=list(objects) or None,
            poses=poses,
            num_samples=samples,
            k_coverage=coverage_samples,
            c2st_poses=c2st_poses,
            seed=seed,
            reader=_reader(environment) if reader else None,
            progress=lambda name, done, total: show.advance(
                done, f"{name}: {done} of {total} sets of samples are measured"
            ),
        )
        show.doing("drawing the pictures")
        with all_or_none():
            evaluation.write(out / "evaluation.json")
            save_figure(evaluation_figure(evaluation), out / "evaluation.png")
            pictures = draw_examples(
                environment, sampler, out, objects=list(objects) or None, seed=seed
            )
    _print(evaluation)
    if not environment.offers("evaluation_states", "truth"):
        report(
            f"Note: environment {environment.name!r} does not offer both evaluation_states and "
            "truth, so modes and coverage were not measured"
        )
    drawn = f", pictures of samples: {len(pictures)}" if pictures else ""
    report(f"written: {out}/evaluation.json, evaluation.png{drawn}")


def _load(
    model: str | None, runtime: "Runtime | None", gripper: str | None, env: str | None
) -> "tuple[Environment, SampleFn]":
    """A run's or a saved model's sampler, and the environment it was trained in."""
    from fag_tf._utils.tensorflow import import_tensorflow
    from fag_tf.deployment.sampler import load_model
    from fag_tf.environments.registry import check_installed, make_environment
    from fag_tf.training.run import RunFolder, is_run, open_run

    jaw = {} if gripper is None else {"gripper": gripper}
    if model is not None and is_run(model):
        if runtime is not None:
            raise InputError("--runtime goes with a saved model; a run is evaluated as it is")
        if env is not None:
            raise InputError("--env goes with a saved model; a run is evaluated in its own")
        run = open_run(model)
        run.check_trained()
        environment = make_environment(run.config.env, {**run.config.env_options, **jaw})
        import_tensorflow()
        return environment, RunFolder(run.directory, run.config, environment).policy()
    loaded = load_model(model, runtime or "onnx")
    named = loaded.card.environment
    if env is None:
        source = f"the card of {loaded.directory}"
        check_installed(named, source, f"name it yourself (--env {named}), or ")
    options = loaded.card.training.get("env_options", {})
    if not isinstance(options, dict):
        raise InputError(f"the card of {loaded.directory} has env_options {options!r}, no object")
    return make_environment(env or named, {**options, **jaw}), loaded


def _read_with(environment: "Environment", file: FileOptions) -> None:
    """Let the environment read the files of its objects so."""
    from fag_tf.environments.planar_grasp.environment import PlanarGrasp

    if not isinstance(environment, PlanarGrasp):
        raise InputError(
            f"objects of environment {environment.name!r} are no files; leave out "
            f"{' and '.join(file.given())}"
        )
    environment.read_objects_with(**vars(file))


def _reader(environment: "Environment") -> "SampleFn":
    from fag_tf.environments.validation import call_user_code

    if not environment.offers("reader"):
        raise InputError(
            f"environment {environment.name!r} offers no reader of its observations; leave out "
            "--reader"
        )
    reader: SampleFn = call_user_code(
        f"environment {environment.name!r}: reader", environment.reader
    )
    return reader


def _print(evaluation: "Evaluation") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    names = {"raw": "all", "reader_kept": "its kept"}
    mean, worst = evaluation.mean, evaluation.worst
    # What is defined nowhere is left out: an environment may have no modes or no grid.
    shown = [key for key in COLUMNS if any(row[key] == row[key] for row in mean.values())]
    coverage = f"coverage@{evaluation.k_coverage}, " if "coverage" in shown else ""
    title = (
        f"{evaluation.environment}: {evaluation.poses} poses x {evaluation.num_samples} samples, "
        f"{coverage}seed {evaluation.seed}"
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("object", no_wrap=True, max_width=28)
    table.add_column("samples", no_wrap=True)
    for key in shown:
        # Long names must not squeeze the figures.
        table.add_column(COLUMNS[key], justify="right", no_wrap=True, min_width=5)
    summaries = ("mean", "worst") if len(evaluation.objects) > 1 else ()
    for name in (*evaluation.objects, *summaries):
        table.add_section()
        for kind, rows in evaluation.rows.items():
            row = {"mean": mean, "worst": worst}[name][kind] if name in summaries else rows[name]
            # Of other samples none is left out.
            chosen = kind in ("kept", "reader_kept")
            cells = [_figure(row[key]) if key != "kept" or chosen else "" for key in shown]
            table.add_row(name if kind == "raw" else "", names.get(kind, kind), *cells)
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 100  # a file has none
    console.print(title, table, sep="\n")


def _figure(value: float) -> str:
    return "-" if value != value else f"{value:.3f}"  # NaN: not defined here
