"""Import of TensorFlow without its messages, and its errors as one line."""

import os
import re
import sys
from typing import Any

from fag_tf._utils.standard_error import silent_stderr

__all__ = ["TENSORBOARD_ALONE", "import_tensorflow", "tensorflow_reason"]


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]


def tensorflow_reason(error: Exception) -> str:
    """The cause of a TensorFlow error as one line, without the name of the operation."""
    lines = str(getattr(error, "message", error)).strip().splitlines() or [type(error).__name__]
    plain = re.sub(r"^\{\{.*?\}\} | \[Op:.*\]$", "", lines[0])
    return plain.rsplit("; ", 1)[-1][:160]


TENSORBOARD_ALONE = "tensorboard.compat.notf"
"""Name of a module whose presence keeps TensorBoard from loading TensorFlow."""


def import_tensorflow() -> Any:
    """Import TensorFlow without its messages about drivers and processor instructions.

    No setting of TensorFlow turns these messages off. Import errors are raised as usual.
    """
    # Where TensorBoard was to do without TensorFlow until now, it would refuse to write curves.
    sys.modules.pop(TENSORBOARD_ALONE, None)
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
