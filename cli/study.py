"""`fag-tf study`: many training runs that answer one question, resumable run by run."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.cli.options import FOLDER, ray_option, report
from fag_tf.cli.progress import Progress, progress
from fag_tf.cli.study_agents import AGENT_STUDY, list_agent_study, run_agent_study
from fag_tf.cli.study_files import stem_of, write_results
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fag_tf.experiments.studies.folder import Execution
    from fag_tf.experiments.studies.plan import Plan, StudyRun
    from fag_tf.experiments.studies.summary import Summary

__all__ = ["command"]

_RUNS_A_PROCESS = 20
_COMPILED = ".compiled"

_PHYSICS = ("physics", "physics_tuning")

_PIPED_WIDTH = 180
"""Columns of a table that no terminal cuts off."""


@click.command()
@click.argument("name", metavar="[NAME]", required=False)
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Folder for the runs' results, tables and figures.  [default: studies/NAME]",
)
@click.option(
    "--quick",
    is_flag=True,
    help="Few cases and steps, in two minutes: only shows that everything works.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    metavar="K",
    help="Number of runs of each case.  [default: 5; grasps: 3; quick: 2]",
)
@click.option(
    "--env",
    "places",
    multiple=True,
    metavar="NAME|MODULE:CLASS",
    help="An environment instead of the study's own. May be given several times.",
)
@click.option(
    "--case",
    "cases",
    multiple=True,
    metavar="CASE",
    help="A row of the study's table. May be given several times.  [default: all]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="A.B=VALUE",
    help="An option of the configuration for all cases, such as trainer.steps=500. May be "
    "repeated.",
)
@ray_option("Execute the runs side by side")
def command(
    name: str | None,
    out: Path | None,
    quick: bool,
    seeds: int | None,
    places: tuple[str, ...],
    cases: tuple[str, ...],
    settings: tuple[str, ...],
    address: str | None,
) -> None:
    """Run a study: bandwidth, critic, dimension, divergence, grasps, imitation, methods or recipe.

    Without NAME the studies are listed, with their questions and costs.

    physics and physics_tuning compare the exact rules of grasps with a simulation. They need pip
    install 'fag-tf[physics]', and take only --out, --quick and --seeds. action_mapping trains
    agents on tasks of Gymnasium. It needs pip install 'fag-tf[rl-study]'. --env gives the tasks,
    --case the methods, and --set steps=N the length.

    Every case is run with every seed, on one core, and each result is saved at once. After Ctrl-C
    or a crash, the same command continues with the remaining runs. At the end the folder gets
    results.json (configuration, seeds, 95% intervals), results.csv, results.md and figures.
    """
    if name is None:
        if out is not None or quick or seeds or places or cases or settings or address is not None:
            raise InputError(f"name the study that the options are for: {_names()}")
        _list()
        return
    # Times are compared, so each run has one core; TensorFlow reads this when it is loaded.
    for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    if name in _PHYSICS:
        if places or cases or settings:
            raise InputError(f"study {name} takes --out, --quick and --seeds alone")
        from fag_tf.cli.study_physics import run_physics_study
        from fag_tf.experiments.studies.physics import PHYSICS_STUDIES

        run_physics_study(PHYSICS_STUDIES[name], out, quick, seeds)
        return
    if name == AGENT_STUDY:
        if address is not None:
            raise InputError(f"study {name} runs in this process; leave out --ray")
        run_agent_study(out, quick, seeds, places, cases, settings)
        return
    from fag_tf.environments.registry import make_environment
    from fag_tf.experiments.studies.catalogue import make_plan
    from fag_tf.experiments.studies.folder import StudyFolder
    from fag_tf.experiments.studies.summary import summarise

    plan = make_plan(name, quick=quick, seeds=seeds, places=places, cases=cases, settings=settings)
    folder = StudyFolder(out if out is not None else Path("studies") / name)
    runs = plan.runs()
    for place in plan.study.places:
        make_environment(place.name, place.options)
    missing = folder.missing(runs)
    if missing:
        done = len(runs) - len(missing)
        if address is not None:
            from fag_tf.parallel.ray_cluster import ray_cluster

            click.get_current_context().with_resource(ray_cluster(address))
        with progress("loading TensorFlow", len(runs), done) as show:
            shown = _Shown(show, len(runs), done)
            with (
                _one_by_one(shown.begun, folder.directory / _COMPILED)
                if address is None
                else _on_ray() as execute
            ):
                folder.do(runs, execute, shown.done)
    results = [(run, result) for run in runs if (result := folder.result(run)) is not None]
    summary = summarise(plan, results)
    written = write_results(summary, folder.directory, _pictures(summary))
    _print(plan, summary)
    report(f"written to {folder.directory}: {', '.join(written)}")


def _names() -> str:
    from fag_tf.experiments.studies.catalogue import study_names

    return ", ".join([*study_names(), *_PHYSICS, AGENT_STUDY])


def _list() -> None:
    """Print what each study asks and what it costs."""
    from fag_tf.cli.study_physics import list_physics_studies
    from fag_tf.experiments.studies.catalogue import study_costs

    for cost in study_costs():
        click.echo(f"{cost.name}: {cost.question}")
        click.echo(
            f"  {cost.runs} runs ({cost.runs // cost.seeds} x {cost.seeds} seeds), "
            f"{cost.trainings} trainings of {cost.steps:,} learning steps in all"
        )
    list_physics_studies()
    list_agent_study()
    report("fag-tf study NAME runs one; --quick shows in two minutes that all works")


@contextmanager
def _on_ray() -> Iterator["Execution"]:
    """Execution by tasks of the Ray cluster."""
    from fag_tf.experiments.studies.ray_runs import execute_on_ray

    yield execute_on_ray


@contextmanager
def _one_by_one(begun: "Callable[[StudyRun], None]", compiled: Path) -> Iterator["Execution"]:
    """Execution one after the other, in a process that is renewed now and then.

    TensorFlow keeps some tens of megabytes of every network that it has compiled.

    Args:
        begun: is told each run that begins.
        compiled: folder for compiled code, which the processes share.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from fag_tf._utils.compiled_code import shared_compiled_code
    from fag_tf.experiments.studies.execution import execute

    spawn = get_context("spawn")
    with ProcessPoolExecutor(
        1, spawn, initializer=_start_worker, max_tasks_per_child=_RUNS_A_PROCESS
    ) as pool:

        def each(runs: "Sequence[StudyRun]") -> "Iterable[tuple[StudyRun, dict[str, Any]]]":
            # Within the lock on the study's folder; the first process starts with the first run.
            with shared_compiled_code(compiled):
                for run in runs:
                    begun(run)
                    yield run, pool.submit(execute, run).result()

        yield each


def _start_worker() -> None:
    """Load TensorFlow, and end when the command does, even if that is killed."""
    from multiprocessing import parent_process

    from fag_tf._utils.tensorflow import import_tensorflow, keep_keras_small

    def follow() -> None:
        command = parent_process()
        if command is not None:
            command.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    keep_keras_small()
    import_tensorflow()


class _Shown:
    """Shows each run of a study as it is begun and done."""

    def __init__(self, show: Progress, total: int, done: int) -> None:
        self._show, self._total, self._done = show, total, done
        self._first, self._started = done, time.monotonic()

    def begun(self, run: "StudyRun") -> None:
        self._show.doing(f"run {self._done + 1}/{self._total} · {self._name(run)}")

    def done(self, run: "StudyRun", result: dict[str, Any]) -> None:
        self._done += 1
        text = f"run {self._done}/{self._total} · {self._name(run)}{self._words(result)}"
        self._show.advance(self._done, text, always=True)

    @staticmethod
    def _name(run: "StudyRun") -> str:
        return f"{run.place.name} · {run.case} · seed {run.seed}"

    def _words(self, result: dict[str, Any]) -> str:
        spent = time.monotonic() - self._started
        left = spent / (self._done - self._first) * (self._total - self._done)
        rate = result["figures"].get("feasible_rate")
        shown = "" if rate is None else f" · feasible {rate:.2f}"
        wait = f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left"
        return f"{shown} · {result['seconds']['fit']:.1f} s · {wait}"


def _pictures(summary: "Summary") -> "Iterator[tuple[str, Figure]]":
    from fag_tf.experiments.studies.charts import case_figure, series_figure

    for place in summary.cells:
        yield stem_of(place), case_figure(summary, place)
        lines = series_figure(summary, place)
        if lines is not None:
            yield f"{stem_of(place)}_lines", lines


def _print(plan: "Plan", summary: "Summary") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from fag_tf.experiments.studies.summary import COLUMNS, show

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _PIPED_WIDTH)
    for place, cases in summary.cells.items():
        title = f"{plan.study.name}, {place}, {plan.seeds} seeds"
        table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("case", no_wrap=True)
        names = summary.figures(place)
        for key in names:
            table.add_column(COLUMNS[key], justify="right", no_wrap=True)
        for case, figures in cases.items():
            cells = [show(key, figures[key]) if key in figures else "" for key in names]
            table.add_row(case, *cells)
        console.print(table)
