"""What a long command is doing: a bar on a terminal, lines elsewhere, never silent for long."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fag_tf.cli.options import report

__all__ = ["Progress", "progress"]

HEARTBEAT = 10.0
"""Seconds without a line after which what is being done is said again.

Loading holds the interpreter for seconds, and the heartbeat with it; 15 s are never reached.
"""

BETWEEN_LINES = 10.0
"""Seconds between two lines of a command that could give many."""


class Progress:
    """Tells how far a command is: lines on the standard error, with a heartbeat.

    Args:
        doing: what is begun, such as `compiling`.
    """

    def __init__(self, doing: str) -> None:
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._said = self._advanced = time.monotonic()
        self.doing(doing)

    def doing(self, what: str) -> None:
        """Something else is begun."""
        self._doing, self._begun = what, time.monotonic()

    def advance(self, done: float, text: str, always: bool = False) -> None:
        """So much is done.

        Args:
            done: how much of the total is done.
            text: says it; where there is a bar, beside it.
            always: say it however little time has passed.
        """
        # A heartbeat says less than the text, so it does not hold the text back.
        if always or time.monotonic() - self._advanced >= BETWEEN_LINES:
            self._say(text)
            self._advanced = time.monotonic()

    def _say(self, text: str) -> None:
        with self._lock:
            self._said = time.monotonic()
            report(text)

    def beat(self) -> None:
        """Say what is being done whenever `HEARTBEAT` seconds pass without a line; until `end`."""
        while not self._ended.wait(max(0.0, self._said + HEARTBEAT - time.monotonic())):
            if time.monotonic() - self._said >= HEARTBEAT:
                self._say(f"{self._doing}, {time.monotonic() - self._begun:.0f} s so far")

    def end(self) -> None:
        """Nothing more is said."""
        self._ended.set()


class _Bar(Progress):
    """The same on a terminal, where the clock of the bar is the heartbeat."""

    def __init__(self, doing: str, bar: Any, task: Any) -> None:
        self._bar, self._task = bar, task
        super().__init__(doing)

    def doing(self, what: str) -> None:
        self._bar.update(self._task, description=f"{what} …")

    def advance(self, done: float, text: str, always: bool = False) -> None:
        self._bar.update(self._task, completed=done, description=text)


@contextmanager
def progress(doing: str, total: int | None = None, done: int = 0) -> Iterator[Progress]:
    """Show progress while the block runs.

    Args:
        doing: what is begun.
        total: what there is to be done; None where nobody can tell.
        done: how much of the total is done already.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as RichProgress

    # Not `is_terminal`: notebooks force colours on what goes through a pipe, and a bar is redrawn.
    if sys.stderr.isatty():
        console = Console(stderr=True)
        text = TextColumn("{task.description}", markup=False)
        columns: tuple[ProgressColumn, ...] = (SpinnerColumn(), text, TimeElapsedColumn())
        if total is not None:
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), text)
        with RichProgress(*columns, console=console, transient=total is None) as bar:
            yield _Bar(doing, bar, bar.add_task("", total=total, completed=done))
        return
    lines = Progress(doing)
    heart = threading.Thread(target=lines.beat, daemon=True)
    heart.start()
    try:
        yield lines
    finally:
        lines.end()
        heart.join()
