"""Charts of a study: means with intervals for each case, and lines for series of cases."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fag_tf._utils.figures import new_figure
from fag_tf.experiments.studies.controls import CONTROLS
from fag_tf.experiments.studies.intervals import CONFIDENCE, Interval
from fag_tf.experiments.studies.plan import Study, Variant
from fag_tf.experiments.studies.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["case_figure", "series_figure"]

PANELS = {
    "feasible_rate": "feasible rate",
    "mode_recall": "mode recall",
    "least_share": "least share of a mode",
    "coverage": "coverage",
    "grid_jsd": "grid JSD (bits)",
    "exploited": "exploited",
}
CASE = "#1f5fa8"
CONTROL = "#6b6b6b"
SERIES = ("#1f5fa8", "#e07b00", "#2a8f4f", "#a03c8c", "#c23b22", "#00a0b0", "#8a6d3b")
MARKS = ("o", "D", "s", "^", "v", "P", "X")
STYLES = ("-", "-.", ":")
CONTROL_LINES = {"perfect": "#2a8f4f", "uniform": "#6b6b6b"}


def _panels(summary: Summary, place: str) -> list[str]:
    cases = summary.cells[place].values()
    return [name for name in PANELS if any(name in figures for figures in cases)]


def case_figure(summary: Summary, place: str) -> "Figure":
    """Draw one panel for each figure, with a row for each case and the controls at the bottom.

    Bars are confidence intervals.

    Args:
        summary: summary of the study.
        place: label of the environment.
    """
    cells = summary.cells[place]
    names = list(cells)
    heights = -np.arange(len(names), dtype=float)
    methods = {case.name: case.method for case in summary.plan.study.cases}
    controls = np.array([methods[name] in CONTROLS for name in names])
    heights[controls] -= 0.6
    panels = _panels(summary, place)
    figure = new_figure(2.6 + 1.75 * len(panels), 1.0 + 0.26 * len(names))
    axes: list[Axes] = list(np.atleast_1d(np.asarray(figure.subplots(1, len(panels), sharey=True))))
    for axis, key in zip(axes, panels, strict=True):
        for name, height, control in zip(names, heights, controls, strict=True):
            if key in cells[name]:
                _dot(axis, cells[name][key], height, CONTROL if control else CASE)
        axis.set_title(PANELS[key], fontsize=10)
        axis.set_xlim(-0.05, 1.05)
        axis.set_xticks([0.0, 0.5, 1.0], ["0", "0.5", "1"])
        axis.grid(axis="both", color="#e6e6e6", linewidth=0.8)
        axis.set_axisbelow(True)
        axis.tick_params(length=0, labelsize=9)
        for side in ("top", "right", "left"):
            axis.spines[side].set_visible(False)
        if controls.any():
            axis.axhline(heights[controls].max() + 0.8, color="#b0b0b0", linewidth=0.8)
    axes[0].set_yticks(heights, names, parse_math=False)
    axes[0].set_ylim(heights.min() - 0.6, heights.max() + 0.6)
    figure.suptitle(_title(summary, place), fontsize=11, parse_math=False)
    return figure


def _dot(axis: "Axes", interval: Interval, height: float, colour: str) -> None:
    if interval.number > 1:
        axis.plot([interval.low, interval.high], [height, height], color=colour, linewidth=1.6)
    axis.plot([interval.mean], [height], marker="o", markersize=5, color=colour)


def series_figure(summary: Summary, place: str) -> "Figure | None":
    """Draw one panel for each figure, with a line for each series; None without series.

    Dashed lines show perfect and uniform samples. Bands are confidence intervals.

    Args:
        summary: summary of the study.
        place: label of the environment.
    """
    from matplotlib.ticker import EngFormatter, LogLocator

    study = summary.plan.study
    cells = summary.cells[place]
    series: dict[str, list[tuple[float, str]]] = {}
    for case in study.cases:
        if case.series and case.name in cells:
            at = _place(study, case, cells[case.name])
            if at is not None:
                series.setdefault(case.series, []).append((at, case.name))
    if not series or max(len(points) for points in series.values()) < 2:
        return None
    series = {label: sorted(points) for label, points in series.items()}
    panels = _panels(summary, place)
    columns = 3
    rows = -(-len(panels) // columns)
    figure = new_figure(3.3 * columns, 0.9 + 2.5 * rows)
    axes = list(np.asarray(figure.subplots(rows, columns, sharex=True)).flat)
    for axis, key in zip(axes, panels, strict=False):
        learnt = {label: found for label, found in series.items() if label not in CONTROLS}
        for number, (label, points) in enumerate(learnt.items()):
            there = [(x, cells[name][key]) for x, name in points if key in cells[name]]
            _line(axis, there, label, number)
        for control, colour in CONTROL_LINES.items():
            there = [(x, cells[n][key]) for x, n in series.get(control, []) if key in cells[n]]
            if there:
                x, means = [x for x, _ in there], [interval.mean for _, interval in there]
                axis.plot(x, means, color=colour, linestyle="--", linewidth=1.0, label=control)
            elif key in cells.get(control, {}):
                mean = cells[control][key].mean
                axis.axhline(mean, color=colour, linestyle="--", linewidth=1.0, label=control)
        axis.set_title(PANELS[key], fontsize=10)
        axis.set_ylim(-0.05, 1.05)
        if study.logarithmic:
            axis.set_xscale("log")
        if not study.x_figure:
            places = sorted({x for points in series.values() for x, _ in points})
            axis.set_xticks(places, [f"{x:,g}" for x in places])
        elif study.logarithmic:
            axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
            axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.minorticks_off()
        axis.grid(color="#e6e6e6", linewidth=0.8)
        axis.tick_params(labelsize=9)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    for axis in axes[len(panels) :]:
        axis.remove()
    for axis in axes[max(len(panels) - columns, 0) : len(panels)]:
        axis.set_xlabel(study.axis, fontsize=9)
        axis.tick_params(labelbottom=True)
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=9,
    )
    figure.suptitle(_title(summary, place), fontsize=11, parse_math=False)
    return figure


def _place(study: Study, case: Variant, figures: Mapping[str, Interval]) -> float | None:
    """Position of a case on its line; None if it is a figure that no run of the case has."""
    if not study.x_figure:
        return case.x
    found = figures.get(study.x_figure)
    return found.mean if found is not None and found.number else None


def _line(axis: "Axes", points: Sequence[tuple[float, Interval]], label: str, number: int) -> None:
    # A colour and a mark come again with another style of line.
    colour, mark = SERIES[number % len(SERIES)], MARKS[number % len(MARKS)]
    style = STYLES[number // len(SERIES) % len(STYLES)]
    x = [place for place, _ in points]
    mean, low, high = (np.array([getattr(i, end) for _, i in points]) for end in _ENDS)
    axis.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    axis.plot(x, mean, style, color=colour, marker=mark, markersize=4, linewidth=1.5, label=label)


_ENDS = ("mean", "low", "high")


def _title(summary: Summary, place: str) -> str:
    study, seeds = summary.plan.study, summary.plan.seeds
    what = f"mean of {seeds} seeds, {CONFIDENCE:.0%} intervals" if seeds > 1 else "one seed"
    return f"{study.name}, {place}: {what}"
