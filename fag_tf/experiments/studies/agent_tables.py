"""The results of the study of agents: a table and curves for each task."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fag_tf._utils.figures import new_figure
from fag_tf.experiments.studies.action_mapping import NAME, QUESTION
from fag_tf.experiments.studies.intervals import CONFIDENCE, Interval, csv_of, mean_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AgentTable", "tabulate_agents"]

Result = Mapping[str, Any]

COLUMNS: Mapping[str, tuple[str, int, float]] = {
    "return": ("return", 2, 1.0),
    "success": ("success", 2, 1.0),
    "violations": ("violations (%)", 2, 100.0),
    "dead_ends": ("in dead ends (%)", 2, 100.0),
    "train_violations": ("in training (%)", 2, 100.0),
    "interventions": ("replaced (%)", 1, 100.0),
    "reached": ("steps to best other", 0, 1.0),
    "milliseconds": ("ms a step", 2, 1.0),
}
"""Heading, number of digits and factor of each figure of the table."""

COLOURS = {
    "mapping": "#1f5fa8",
    "replacement": "#e07b00",
    "projection": "#2a8f4f",
    "resampling": "#a03c8c",
    "penalty": "#c23b22",
    "lagrangian": "#6b6b6b",
}
PANELS = {"return": "return", "violations": "violations a step"}


class AgentTable:
    """Means with their intervals over the seeds, of each method on each task.

    Attributes:
        cells: interval of each figure by task and method.
        results: of all runs.
    """

    def __init__(self, results: Sequence[Result]) -> None:
        self.results = list(results)
        self._grouped: dict[str, dict[str, list[Result]]] = {}
        for result in results:
            run = result["run"]
            self._grouped.setdefault(run["task"], {}).setdefault(run["method"], []).append(result)
        self.cells = {task: self._task_cells(task) for task in self._grouped}

    def _task_cells(self, task: str) -> dict[str, dict[str, Interval]]:
        cells = {}
        for method, results in self._grouped[task].items():
            rows = [result["figures"] for result in results]
            names = [name for name in COLUMNS if any(name in row for row in rows)]
            cells[method] = {
                name: mean_interval([row.get(name, math.nan) for row in rows]) for name in names
            }
        others = [cell["return"].mean for method, cell in cells.items() if method != "mapping"]
        if "mapping" in cells and others:
            reached = [_reached(each, max(others)) for each in self._grouped[task]["mapping"]]
            # Seeds that never get there would make a mean too small.
            if not any(math.isnan(step) for step in reached):
                cells["mapping"]["reached"] = mean_interval(reached)
        return cells

    def rows(self, task: str) -> list[list[str]]:
        """The cells of a task as text, headings first."""
        cells = self.cells[task]
        names = [name for name in COLUMNS if any(name in cell for cell in cells.values())]
        lines = [["method", "seeds", *(COLUMNS[name][0] for name in names)]]
        for method, cell in cells.items():
            count = str(len(self._grouped[task][method]))
            lines.append([method, count, *(_shown(name, cell.get(name)) for name in names)])
        return lines

    def to_json(self) -> dict[str, Any]:
        """Plain values: question, intervals and every run."""
        return {
            "study": NAME,
            "question": QUESTION,
            "confidence": CONFIDENCE,
            "results": {
                task: {
                    method: {name: interval.plain() for name, interval in cell.items()}
                    for method, cell in cells.items()
                }
                for task, cells in self.cells.items()
            },
            "runs": self.results,
        }

    def to_csv(self) -> str:
        """One line for each task, method and figure."""
        return csv_of(("task", "method"), self.cells)

    def to_markdown(self) -> str:
        """A table for each task."""
        parts = [f"# {NAME}\n\n{QUESTION}\n"]
        for task in self.cells:
            lines = ["| " + " | ".join(row) + " |" for row in self.rows(task)]
            lines.insert(1, "|" + "---|" * (lines[0].count("|") - 1))
            steps = max(result["curve"][-1]["step"] for result in self._of(task))
            lines.append(
                f"\n{steps:,} environment steps. ± is half of the {CONFIDENCE:.0%} interval."
            )
            parts.append(f"**{task}**\n\n" + "\n".join(lines) + "\n")
        return "\n".join(parts)

    def _of(self, task: str) -> list[Result]:
        return [result for results in self._grouped[task].values() for result in results]

    def figure(self, task: str) -> "Figure":
        """Curves of a task: the return and the violations over the steps, a line for each method.

        Lines are means over the seeds, bands their confidence intervals.
        """
        shown = [
            name
            for name in PANELS
            if any(name in row for result in self._of(task) for row in result["curve"])
        ]
        figure = new_figure(4.2 * len(shown), 3.4)
        axes = np.atleast_1d(np.asarray(figure.subplots(1, len(shown))))
        for axis, name in zip(axes, shown, strict=True):
            for method, results in self._grouped[task].items():
                steps, band = _curve(results, name)
                colour = COLOURS.get(method, "#000000")
                mean, low, high = np.transpose([each[:3] for each in band])
                axis.plot(steps, mean, color=colour, linewidth=1.5, label=method)
                axis.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)
            axis.set_title(PANELS[name], fontsize=10)
            axis.set_xlabel("environment steps", fontsize=9)
            axis.grid(color="#e6e6e6", linewidth=0.8)
            axis.tick_params(labelsize=9)
            for side in ("top", "right"):
                axis.spines[side].set_visible(False)
        figure.legend(
            *axes[0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=6,
            frameon=False,
            fontsize=9,
        )
        figure.suptitle(task, fontsize=11, parse_math=False)
        return figure


def tabulate_agents(results: Sequence[Result]) -> AgentTable:
    """Combine the results of the study's runs."""
    return AgentTable(results)


def _curve(results: Sequence[Result], name: str) -> tuple[list[int], list[Interval]]:
    """Steps at which all runs were evaluated, and the interval of a figure at each."""
    rows = [{row["step"]: row.get(name, math.nan) for row in each["curve"]} for each in results]
    steps = sorted(set(rows[0]).intersection(*rows[1:]))
    return steps, [mean_interval([row[step] for row in rows]) for step in steps]


def _reached(result: Result, wanted: float) -> float:
    """The first step from which on the mean of three evaluations reaches a return; NaN if never."""
    curve = result["curve"]
    for i in range(len(curve)):
        window = [row["return"] for row in curve[i : i + 3]]
        if len(window) == min(3, len(curve)) and np.mean(window) >= wanted:
            return float(curve[i]["step"])
    return math.nan


def _shown(name: str, interval: Interval | None) -> str:
    if interval is None or not interval.number:
        return "-"
    _, digits, factor = COLUMNS[name]
    text = f"{factor * interval.mean:,.{digits}f}"
    if interval.number < 2:
        return text
    return f"{text} ±{factor * interval.half_width:,.{digits}f}"
