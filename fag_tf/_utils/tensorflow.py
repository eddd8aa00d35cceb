"""Import of TensorFlow without its messages, and its errors as one line."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

from fag_tf._utils.streams import silent_stderr

__all__ = ["import_tensorflow", "quiet", "tensorflow_reason"]


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]


def tensorflow_reason(error: Exception) -> str:
    """The cause of a TensorFlow error as one line, without the name of the operation."""
    lines = str(getattr(error, "message", error)).strip().splitlines() or [type(error).__name__]
    plain = re.sub(r"^\{\{.*?\}\} | \[Op:.*\]$", "", lines[0])
    return plain.rsplit("; ", 1)[-1][:160]


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


def import_tensorflow() -> Any:
    """Import TensorFlow without its messages about drivers and processor instructions.

    No setting of TensorFlow turns these messages off. Import errors are raised as usual.
    """
    if "tensorflow" not in sys.modules:
        import logging

        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with silent_stderr():
            import tensorflow as tf

            tf.config.list_physical_devices()  # looks for drivers on the first call
        # Failures are raised as exceptions; warnings need no action of the user.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    import tensorflow as tf

    return tf
