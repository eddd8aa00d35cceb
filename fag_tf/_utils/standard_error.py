"""Silence for libraries that write to the terminal, by loggers or past Python."""

import contextlib
import os
import sys
from collections.abc import Iterator

__all__ = ["quiet", "silent_stderr"]


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Discard everything that this process writes to its standard error, C++ code included."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def quiet(*loggers: str) -> Iterator[list[str]]:
    """Keep the messages of the named loggers off the terminal; yield a list of their errors."""
    import logging  # slow to load; whoever only formats messages does not need it

    errors: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                errors.append(record.getMessage())

    handler = Collect()
    saved = []
    for name in loggers:
        logger = logging.getLogger(name)
        saved.append((logger, logger.propagate, logger.handlers))
        logger.propagate, logger.handlers = False, [handler]
    try:
        yield errors
    finally:
        for logger, propagate, handlers in saved:
            logger.propagate, logger.handlers = propagate, handlers
