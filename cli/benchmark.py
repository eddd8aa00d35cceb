"""`fag-tf benchmark`: what this machine can do, each figure beside its floor or its alternative."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.cli.options import FILE, report
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.experiments.benchmarks.results import Figure

__all__ = ["command"]

_PIPED_WIDTH = 180
"""Columns of a table that no terminal cuts off."""


@click.command()
@click.argument("model", required=False)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="A benchmark to run; may be given several times: kernels, kernel-memory, training-step, "
    "checks, latency, feasible-grasps, cold-start, growth, time-to-quality.  [default: all but the "
    "last two]",
)
@click.option("--long", is_flag=True, help="Also run the last two, which take hours.")
@click.option(
    "--quick", is_flag=True, help="Tiny sizes, in two minutes: only shows that everything works."
)
@click.option(
    "--beside",
    metavar="MODEL",
    help="Another saved model, whose sampling time is measured in the same rounds.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0.0, min_open=True),
    default=120.0,
    show_default=True,
    help="Longest training time of each recipe of time-to-quality.",
)
@click.option("--json", "json_file", type=FILE, help="File for the figures, as JSON.")
@click.option(
    "--figure",
    type=FILE,
    metavar="PNG",
    help="File for a figure of how cost grows. This also runs growth.",
)
def command(
    model: str | None,
    only: tuple[str, ...],
    long: bool,
    quick: bool,
    beside: str | None,
    minutes: float,
    json_file: Path | None,
    figure: Path | None,
) -> None:
    """Measure the speed of this machine with MODEL; by default the shipped planar_grasp.

    Each figure is measured alternately with the one that it is compared with. So the ratios are
    valid on a busy machine, but the times only on a quiet one. Values are medians, with quartiles
    in brackets. Some rows have no target.
    """
    from fag_tf._utils.files import check_writable
    from fag_tf._utils.tensorflow import import_tensorflow
    from fag_tf.deployment.model_folders import find_model
    from fag_tf.experiments.benchmarks.registry import Conditions, choose, measure

    if figure is not None and figure.suffix.lower() != ".png":
        raise InputError(f"{figure} must end in .png")
    names = choose(only, long, drawn=figure is not None)
    for path in (json_file, figure):
        if path is not None:
            check_writable(path.parent)
    directory = find_model(model)
    import_tensorflow()
    other = None if beside is None else find_model(beside)
    conditions = Conditions(directory, quick, minutes, figure, report, other)
    figures: list[Figure] = []
    for _, found in measure(names, conditions):
        figures += found
        if json_file is not None:
            _write(json_file, figures)
    _print(figures, quick)


def _write(path: Path, figures: "list[Figure]") -> None:
    """Write all that is measured so far: a long run that is stopped has not been for nothing."""
    from fag_tf._utils.files import write_atomically

    rows = [figure.to_json() for figure in figures]
    with write_atomically(path) as partial:
        partial.write_text(json.dumps(rows, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _print(figures: "list[Figure]", quick: bool) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _PIPED_WIDTH)
    title = "quick sizes: these figures mean nothing" if quick else "medians (quartiles)"
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("what")
    for heading in ("measured", "reference", "ratio", "target"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("met")
    table.add_column("against")
    for each in figures:
        row = each.to_json()
        spread = "" if each.spread is None else f" ({' to '.join(map(_number, each.spread))})"
        table.add_row(
            each.name,
            f"{_number(each.value)}{spread}{_unit(each.unit)}",
            "" if each.reference is None else f"{_number(each.reference)}{_unit(each.unit)}",
            "" if each.ratio is None else f"{_number(each.ratio)} x",
            row["target"] or "",
            {True: "yes", False: "no", None: ""}[each.met],
            each.against,
        )
    console.print(table)


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"


def _number(value: Any) -> str:
    """Three digits that count, never as a power of ten."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{float(f'{value:.3g}'):g}"
