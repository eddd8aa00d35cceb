"""TensorFlow without its chatter: imported, listened to, and its failures in a line."""

import contextlib
import logging
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

__all__ = ["import_tensorflow", "quiet", "tensorflow_reason"]


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]


def tensorflow_reason(error: Exception) -> str:
    """What a failure of TensorFlow's says of its cause, without the operation it happened in."""
    lines = str(getattr(error, "message", error)).strip().splitlines() or [type(error).__name__]
    plain = re.sub(r"^\{\{.*?\}\} | \[Op:.*\]$", "", lines[0])
    return plain.rsplit("; ", 1)[-1][:160]


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Nothing reaches the terminal's standard error, whoever writes to it."""
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
    """Keep libraries' chatter from the terminal; the list collects what they log as errors."""
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


def import_tensorflow() -> Any:
    """Import TensorFlow without its notes on drivers and instructions, which no setting stops.

    Errors are raised as ever.
    """
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with _silent_stderr():
            import tensorflow as tf

            tf.config.list_physical_devices()  # looks for drivers on the first call
        # What fails is raised; what it only warns of, it can do without.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    import tensorflow as tf

    return tf
