"""Ctrl-C and SIGTERM as a request to stop after the step at hand."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Stop"]


class Stop:
    """Remembers that the process was asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal = 0

    def __call__(self) -> bool:
        """Whether it was asked to."""
        return self.signal != 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Turn Ctrl-C and SIGTERM into a request to stop after the step at hand."""

        def handle(number: int, _: Any) -> None:
            if self.signal == number == signal.SIGINT:
                raise KeyboardInterrupt  # a second Ctrl-C does not wait
            self.signal = number

        saved = {
            number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in saved.items():
                signal.signal(number, handler)
