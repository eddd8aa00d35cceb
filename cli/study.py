"""`fag-tf study`: many training runs that answer one question, resumable run by run."""

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.cli.options import FOLDER, report

if TYPE_CHECKING:
    from fag_tf.experiments.studies.plan import Plan, StudyRun
    from fag_tf.experiments.studies.summary import Summary

__all__ = ["command"]

_RUNS_A_PROCESS = 20

_PIPED_WIDTH = 180
"""Columns of a table that no terminal cuts off."""


@click.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Folder for the runs' results, tables and figures.  [default: studies/NAME]",
)
@click.option(
    "--quick", is_flag=True, help="Few cases and steps: shows in two minutes that all works."
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    metavar="K",
    help="Runs of each case.  [default: 5, of grasps 3, quick 2]",
)
@click.option(
    "--env",
    "places",
    multiple=True,
    metavar="NAME|MODULE:CLASS",
    help="An environment in the place of the study's own; may be given several times.",
)
@click.option(
    "--case",
    "cases",
    multiple=True,
    metavar="CASE",
    help="A row of the study's table; may be given several times.  [default: all]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="A.B=VALUE",
    help="An option of the configuration for all cases, such as trainer.steps=500; repeatable.",
)
def command(
    name: str,
    out: Path | None,
    quick: bool,
    seeds: int | None,
    places: tuple[str, ...],
    cases: tuple[str, ...],
    settings: tuple[str, ...],
) -> None:
    """Run a study: bandwidth, critic, dimension, divergence, grasps, imitation, methods or recipe.

    Every case is run with every seed, on one core, and its result saved at once: after Ctrl-C, or
    a crash, the same command goes on with the runs that are left. Then the folder gets
    results.json (configuration, seeds, 95% intervals), results.csv, results.md and figures.
    """
    # Times are compared, so each run has one core; TensorFlow reads this when it is loaded.
    for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
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
        with _progress(len(runs), len(runs) - len(missing)) as show, _workers() as execute:
            folder.do(runs, execute, show)
    results = [(run, result) for run in runs if (result := folder.result(run)) is not None]
    summary = summarise(plan, results)
    written = _write(summary, folder.directory)
    _print(plan, summary)
    report(f"written to {folder.directory}: {', '.join(written)}")


@contextmanager
def _workers() -> Iterator["Callable[[StudyRun], dict[str, Any]]"]:
    """Execution in a process that is renewed now and then.

    TensorFlow keeps some tens of megabytes of every network that it has compiled.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from fag_tf.experiments.studies.execution import execute

    spawn = get_context("spawn")
    with ProcessPoolExecutor(
        1, spawn, initializer=_start_worker, max_tasks_per_child=_RUNS_A_PROCESS
    ) as pool:
        yield lambda run: pool.submit(execute, run).result()


def _start_worker() -> None:
    """Load TensorFlow, and end when the command does, even if that is killed."""
    from multiprocessing import parent_process

    from fag_tf._utils.tensorflow import import_tensorflow

    def follow() -> None:
        command = parent_process()
        if command is not None:
            command.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    import_tensorflow()


@contextmanager
def _progress(total: int, done: int) -> Iterator["Callable[[StudyRun, dict[str, Any]], None]"]:
    """A bar, or a line for each run where there is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    started, first = time.monotonic(), done

    def describe(run: "StudyRun", result: dict[str, Any]) -> str:
        left = (time.monotonic() - started) / (done - first) * (total - done)
        rate = result["figures"].get("feasible_rate")
        shown = "" if rate is None else f" · feasible {rate:.2f}"
        wait = f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left"
        return (
            f"{run.place.name} · {run.case} · seed {run.seed}{shown} · "
            f"{result['seconds']['fit']:.1f} s · {wait}"
        )

    if console.is_terminal:
        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
        )
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("first run …", total=total, completed=done)

            def advance(run: "StudyRun", result: dict[str, Any]) -> None:
                nonlocal done
                done += 1
                progress.update(task, completed=done, description=describe(run, result))

            yield advance
    else:

        def line(run: "StudyRun", result: dict[str, Any]) -> None:
            nonlocal done
            done += 1
            report(f"run {done}/{total} · {describe(run, result)}")

        yield line


def _write(summary: "Summary", directory: Path) -> list[str]:
    """Write tables and figures; returns the files' names."""
    from fag_tf._utils.files import all_or_none, write_atomically
    from fag_tf.evaluation.plots import save_figure
    from fag_tf.experiments.studies.charts import case_figure, series_figure

    texts = {
        "results.json": json.dumps(summary.to_json(), indent=1, allow_nan=False) + "\n",
        "results.csv": summary.to_csv(),
        "results.md": summary.to_markdown(),
    }
    names = list(texts)
    with all_or_none():
        for file, text in texts.items():
            with write_atomically(directory / file) as partial:
                partial.write_text(text, encoding="utf-8")
        for place in summary.cells:
            label = re.sub(r"[^A-Za-z0-9]+", "_", place).strip("_")
            figures = {label: case_figure(summary, place)}
            lines = series_figure(summary, place)
            if lines is not None:
                figures[f"{label}_lines"] = lines
            for stem, figure in figures.items():
                save_figure(figure, directory / f"{stem}.png", dpi=110)
                names.append(f"{stem}.png")
    return names


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
