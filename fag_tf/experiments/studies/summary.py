"""Summary of a study's runs: the mean with its interval for every case, as JSON and CSV."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fag_tf.experiments.studies.intervals import CONFIDENCE, Interval, csv_of, mean_interval
from fag_tf.experiments.studies.plan import Plan, StudyRun

__all__ = ["COLUMNS", "Summary", "show", "summarise"]

COLUMNS: Mapping[str, str] = {
    "feasible_rate": "rate",
    "mode_recall": "recall",
    "least_share": "least",
    "coverage": "coverage",
    "c2st": "C2ST",
    "grid_jsd": "JSD",
    "critic_accuracy": "critic",
    "exploited": "exploited",
    "interactions": "interactions",
    "checks_per_sample": "checks",
    "cpu_seconds": "s",
    "effective_samples": "effective",
    "peak_megabytes": "MB",
    "failed": "failed",
}
"""Headings of the figures of a table; a figure is shown if one of the cases has it."""

EXTRA = ("effective_samples", "peak_megabytes")
"""Figures that a table shows only if its study lists them in `columns`."""


@dataclass(frozen=True)
class Summary:
    """Result of a study.

    Attributes:
        plan: plan of the study.
        cells: interval for each environment's label, each case's name and each figure.
        runs: results, one for each run.
    """

    plan: Plan
    cells: Mapping[str, Mapping[str, Mapping[str, Interval]]]
    runs: Sequence[Mapping[str, Any]]

    def figures(self, place: str) -> list[str]:
        """Figures in the table of an environment: those that at least one case has."""
        cases = self.cells[place].values()
        names = [name for name in COLUMNS if any(name in case for case in cases)]
        unasked = [name for name in EXTRA if name not in self.plan.study.columns]
        if not any(case["failed"].mean > 0.0 for case in cases):
            unasked.append("failed")
        return [name for name in names if name not in unasked]

    def to_json(self) -> dict[str, Any]:
        """Plain values: configuration, seeds, intervals and every run."""
        study, plan = self.plan.study, self.plan
        return {
            "study": study.name,
            "question": study.question,
            "seeds": list(range(plan.seeds)),
            "settings": [*study.settings, *plan.settings],
            "evaluated": vars(plan.evaluated),
            "confidence": CONFIDENCE,
            "cases": {
                case.name: {
                    "method": case.method,
                    "settings": list(case.settings),
                    "degraded": dict(case.degraded),
                }
                for case in study.cases
            },
            "results": {
                place: {
                    case: {name: interval.plain() for name, interval in figures.items()}
                    for case, figures in cases.items()
                }
                for place, cases in self.cells.items()
            },
            "runs": list(self.runs),
        }

    def to_csv(self) -> str:
        """CSV with a line for each environment, case and figure."""
        return csv_of(("environment", "case"), self.cells)

    def to_markdown(self) -> str:
        """Markdown with a table for each environment."""
        parts = []
        for place, cases in self.cells.items():
            names = self.figures(place)
            lines = [
                f"**{place}**\n",
                f"| case | {' | '.join(COLUMNS[name] for name in names)} |",
                f"|---|{'---|' * len(names)}",
            ]
            for case, figures in cases.items():
                row = [show(name, figures[name]) if name in figures else "" for name in names]
                lines.append(f"| {case} | {' | '.join(row)} |")
            parts.append("\n".join(lines) + "\n")
        return "\n".join(parts)


def show(name: str, interval: Interval) -> str:
    """A mean with the half width of its interval, rounded as the figure requires."""
    if not interval.number:
        return "-"
    digits = {"interactions": 0, "cpu_seconds": 1, "checks_per_sample": 1}.get(name, 2)
    text = f"{interval.mean:,.{digits}f}"
    if interval.number < 2 or name in ("interactions", "cpu_seconds"):
        return text
    return f"{text} ±{interval.half_width:.{digits}f}"


def summarise(plan: Plan, results: Sequence[tuple[StudyRun, Mapping[str, Any]]]) -> Summary:
    """Combine the results of a plan's runs.

    Args:
        plan: plan with the cases and environments, which give the order of the tables.
        results: pairs of a run and its result; some runs may be missing.
    """
    grouped: dict[str, dict[str, list[Mapping[str, Any]]]] = {
        place.label: {case.name: [] for case in plan.study.cases} for place in plan.study.places
    }
    for run, result in results:
        grouped[run.label][run.case].append(result)
    cells = {
        place: {case: _intervals(rows) for case, rows in cases.items() if rows}
        for place, cases in grouped.items()
    }
    return Summary(plan, cells, [result for _, result in results])


def _intervals(results: Sequence[Mapping[str, Any]]) -> dict[str, Interval]:
    rows = [_row(result) for result in results]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: mean_interval([row.get(name, math.nan) for row in rows]) for name in names}


def _row(result: Mapping[str, Any]) -> dict[str, float]:
    row = {
        name: math.nan if value is None else float(value)
        for name, value in result["figures"].items()
    }
    if result["interactions"] is not None:
        row["interactions"] = float(result["interactions"])
    if result.get("peak_megabytes") is not None:
        row["peak_megabytes"] = float(result["peak_megabytes"])
    row["failed"] = float("failure" in result)  # the mean is the share of seeds that failed
    row["fit_seconds"] = float(result["seconds"]["fit"])
    if "fit_cpu" in result["seconds"]:
        row["cpu_seconds"] = float(result["seconds"]["fit_cpu"])
    return row
