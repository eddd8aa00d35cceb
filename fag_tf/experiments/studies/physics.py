"""The studies of physics by name: runs of their own kind, and a table of cases."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fag_tf.experiments.studies.intervals import CONFIDENCE, Interval, mean_interval
from fag_tf.experiments.studies.physics_agreement import (
    GROUPS,
    agreement_runs,
    execute_agreement,
)
from fag_tf.experiments.studies.physics_tuning import execute_tuning, tuning_runs

__all__ = ["PHYSICS_STUDIES", "CaseRun", "CaseTable", "PhysicsStudy", "tabulate"]


class CaseRun(Protocol):
    """One run of a study of physics."""

    @property
    def key(self) -> str:
        """A readable file name that differs for different runs."""

    @property
    def case(self) -> str:
        """The row of the table that it belongs to."""


@dataclass(frozen=True)
class PhysicsStudy:
    """A question, and the runs that answer it.

    Attributes:
        name: on the command line.
        question: in one sentence.
        runs: all runs for a number of seeds, in the quick form or not.
        execute: executes one run and gives plain values: `case`, `figures`, `seconds` and more.
        columns: heading of each figure of the table.
        notes: lines of Markdown about all results, below the table.
        seeds: number of seeds, unless the user gives one.
        trainings: what is trained, in words.
    """

    name: str
    question: str
    runs: Callable[[int, bool], Sequence[Any]]
    execute: Callable[[Any], dict[str, Any]]
    columns: Mapping[str, str]
    notes: Callable[[Sequence[Mapping[str, Any]]], list[str]]
    seeds: int
    trainings: str


@dataclass(frozen=True)
class CaseTable:
    """The result of a study of physics.

    Attributes:
        study: the study.
        cells: the interval of each figure, by case. The runs of a case count as independent.
        results: of all runs.
    """

    study: PhysicsStudy
    cells: Mapping[str, Mapping[str, Interval]]
    results: Sequence[Mapping[str, Any]]

    def rows(self) -> list[list[str]]:
        """The cells as text, each row with its case first."""
        return [
            [case, *(_shown(figures.get(name)) for name in self.study.columns)]
            for case, figures in self.cells.items()
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain values: question, intervals and every run."""
        cells = {
            case: {name: interval.plain() for name, interval in figures.items()}
            for case, figures in self.cells.items()
        }
        study = self.study
        return {
            "study": study.name,
            "question": study.question,
            "confidence": CONFIDENCE,
            "results": cells,
            "runs": list(self.results),
        }

    def to_csv(self) -> str:
        """One line for each case and figure: mean, ends of the interval and number of runs."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["case", "figure", "mean", "low", "high", "runs"])
        for case, figures in self.cells.items():
            for name, interval in figures.items():
                ends = ["" if math.isnan(end) else end for end in (interval.low, interval.high)]
                writer.writerow([case, name, interval.mean, *ends, interval.number])
        return text.getvalue()

    def to_markdown(self) -> str:
        """The table, and what the study notes about all results."""
        headings = ["case", *self.study.columns.values()]
        lines = ["| " + " | ".join(row) + " |" for row in (headings, *self.rows())]
        lines.insert(1, "|" + "---|" * len(headings))
        head = [f"# {self.study.name}", "", self.study.question, ""]
        return "\n".join([*head, *lines, "", *self.study.notes(self.results)]) + "\n"


def tabulate(study: PhysicsStudy, results: Sequence[Mapping[str, Any]]) -> CaseTable:
    """Combine the results of a study's runs."""
    cases: dict[str, list[Mapping[str, float]]] = {}
    for result in results:
        cases.setdefault(result["case"], []).append(result["figures"])
    cells = {
        case: {
            name: mean_interval([row.get(name, math.nan) for row in rows])
            for name in dict.fromkeys(name for row in rows for name in row)
        }
        for case, rows in cases.items()
    }
    return CaseTable(study, cells, results)


def _shown(interval: Interval | None) -> str:
    if interval is None or not interval.number:
        return "-"
    digits = 2 if abs(interval.mean) < 10 else 0
    text = f"{interval.mean:,.{digits}f}"
    return text if interval.number < 2 else f"{text} ±{interval.half_width:.{digits}f}"


def _agreement_notes(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """The table of confusion, and what became of refused grasps by rule, over all runs."""
    lines = ["All runs together; intervals are over parts:", ""]
    lines += ["| rules | force | hold | do not hold | share that holds |", "|---|---|---|---|---|"]
    for group in GROUPS:
        for force, chosen in _by(results, "force"):
            held, total = _sums(result["counts"][group] for result in chosen)
            sums = [_sums(r["counts"][group] for r in rows) for _, rows in _by(chosen, "part")]
            share = mean_interval([some / of for some, of in sums if of])
            lines.append(f"| {group} | {force} | {held} | {total - held} | {_shown(share)} |")
    lines += ["", "| first broken rule | force | group | hold | of |", "|---|---|---|---|---|"]
    for rule in ("4", "5", "6"):
        for force, chosen in _by(results, "force"):
            for group in GROUPS[1:]:
                held, total = _sums(result["rules"][group].get(rule, [0, 0]) for result in chosen)
                lines.append(f"| {rule} | {force} | {group} | {held} | {total} |")
    return lines


def _by(
    results: Sequence[Mapping[str, Any]], field: str
) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The results by a field of their runs, in the order in which its values first occur."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        grouped.setdefault(result["run"][field], []).append(result)
    return list(grouped.items())


def _sums(counts: Any) -> tuple[int, int]:
    pairs = list(counts)
    return sum(held for held, _ in pairs), sum(total for _, total in pairs)


PHYSICS_STUDIES: Mapping[str, PhysicsStudy] = {
    study.name: study
    for study in (
        PhysicsStudy(
            name="physics",
            question="Do grasps that the exact rules accept hold in a physics simulation?",
            runs=agreement_runs,
            execute=execute_agreement,
            columns={
                "accepted": "accepted: hold",
                "near miss": "near misses: hold",
                "refused": "refused: hold",
                "covered": "covered",
                "closing_turn": "turned (degrees)",
                "milliseconds": "ms a check",
            },
            notes=_agreement_notes,
            seeds=1,
            trainings="no trainings",
        ),
        PhysicsStudy(
            name="physics_tuning",
            question="What does the shipped model gain from 20,000 checks by physics?",
            runs=tuning_runs,
            execute=execute_tuning,
            columns={
                "rate": "rate",
                "kept_rate": "rate of kept",
                "kept": "kept",
                "coverage": "coverage",
                "rules_rate": "rate by rules",
                "critic_accuracy": "critic",
                "checks": "checks",
            },
            notes=lambda _: [],
            seeds=2,
            trainings="3 trainings of 200 learning steps a seed",
        ),
    )
}
"""The studies by name."""
