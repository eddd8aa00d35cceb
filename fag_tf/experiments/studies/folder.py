"""A study on the disk: one file for every run that is done, and what they add up to."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fag_tf._utils.files import alone, check_writable, write_atomically
from fag_tf.experiments.studies.plan import StudyRun

__all__ = ["StudyFolder"]

RUNS = "runs"
LOCK = ".lock"

Result = dict[str, Any]


class StudyFolder:
    """The folder of a study.

    A run's result takes its place whole or not at all, under a name that holds a digest of
    everything that decided it. So whatever is there is done and is not done again, and a change of
    settings never mixes with what was run before.

    Args:
        directory: where; made when the first result is written.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, run: StudyRun) -> Path:
        """The file of a run's result."""
        return self.directory / RUNS / f"{run.key}.json"

    def result(self, run: StudyRun) -> Result | None:
        """The result of a run; None if it is not done, or its file is damaged."""
        try:
            content = json.loads(self.path(run).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        complete = isinstance(content, dict) and {"run", "figures", "seconds"} <= content.keys()
        return content if complete else None

    def missing(self, runs: Sequence[StudyRun]) -> list[StudyRun]:
        """Those that are not done, in their order."""
        return [run for run in runs if self.result(run) is None]

    def do(
        self,
        runs: Sequence[StudyRun],
        execute: Callable[[StudyRun], Result],
        report: Callable[[StudyRun, Result], None] = lambda *_: None,
    ) -> None:
        """Do the runs that are not done, one after the other.

        Args:
            runs: of the study.
            execute: does one and gives its result, plain values.
            report: told about each as it is done.

        Raises:
            InputError: the folder cannot be written, or another process works in it.
        """
        check_writable(self.directory / RUNS)
        (self.directory / RUNS).mkdir(parents=True, exist_ok=True)
        (self.directory / LOCK).touch()
        with alone(self.directory / LOCK, "worked on"):
            for left in (self.directory / RUNS).glob(".*.partial.json"):
                left.unlink(missing_ok=True)  # of a process that was killed
            for run in self.missing(runs):
                result = execute(run)
                with write_atomically(self.path(run)) as partial:
                    text = json.dumps(result, indent=1, allow_nan=False) + "\n"
                    partial.write_text(text, encoding="utf-8")
                report(run, result)
