"""A study on the disk: one file for every finished run, and the summaries."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fag_tf._utils.files import alone, check_writable, write_atomically

__all__ = ["Keyed", "StudyFolder"]

RUNS = "runs"
LOCK = ".lock"

Result = dict[str, Any]


class Keyed(Protocol):
    """A run of any kind of study."""

    @property
    def key(self) -> str:
        """A readable file name that differs for different runs."""


R = TypeVar("R", bound=Keyed)


class StudyFolder:
    """The folder of a study.

    The result of a run is written atomically. Its file name holds a digest of everything that
    determines the result. Existing results are therefore not computed again, and results of
    different settings never mix.

    Args:
        directory: path of the folder; made when the first result is written.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, run: Keyed) -> Path:
        """The file of a run's result."""
        return self.directory / RUNS / f"{run.key}.json"

    def result(self, run: Keyed) -> Result | None:
        """The result of a run; None if the run is not finished, or its file is damaged."""
        try:
            content = json.loads(self.path(run).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        complete = isinstance(content, dict) and {"run", "figures", "seconds"} <= content.keys()
        return content if complete else None

    def missing(self, runs: Sequence[R]) -> list[R]:
        """The unfinished runs, in their order."""
        return [run for run in runs if self.result(run) is None]

    def do(
        self,
        runs: Sequence[R],
        execute: Callable[[Sequence[R]], Iterable[tuple[R, Result]]],
        report: Callable[[R, Result], None] = lambda *_: None,
    ) -> None:
        """Execute the unfinished runs, and write each result as soon as it is there.

        Args:
            runs: runs of the study.
            execute: executes the runs that it is given, and gives each with its result in plain
                values, in any order.
            report: called with each run and its result as soon as the run is finished.

        Raises:
            InputError: the folder cannot be written, or another process works in it.
        """
        check_writable(self.directory / RUNS)
        (self.directory / RUNS).mkdir(parents=True, exist_ok=True)
        (self.directory / LOCK).touch()
        with alone(self.directory / LOCK, "worked on"):
            for left in (self.directory / RUNS).glob(".*.partial.json"):
                left.unlink(missing_ok=True)  # left by a process that was killed
            for run, result in execute(self.missing(runs)):
                with write_atomically(self.path(run)) as partial:
                    text = json.dumps(result, indent=1, allow_nan=False) + "\n"
                    partial.write_text(text, encoding="utf-8")
                report(run, result)
