"""Import of TensorFlow without its messages, and its errors as one line."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

from fag_tf._utils.standard_error import silent_stderr

__all__ = ["TENSORBOARD_ALONE", "import_tensorflow", "keep_keras_small", "tensorflow_reason"]

_KERAS_EXTRAS = ("IPython", "matplotlib", "pandas", "sklearn")
_hidden: tuple[str, ...] = ()


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


def keep_keras_small() -> None:
    """From now on, `import_tensorflow` loads Keras without what it does with other packages.

    Its pictures, tables and wrappers for scikit-learn take a quarter of the import's time. This is
    for processes that run nothing but a command. An environment of the user's own that wants these
    parts of Keras does not find them there.
    """
    global _hidden
    _hidden = _KERAS_EXTRAS


@contextlib.contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Within it, these packages cannot be imported, unless they have been before."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None stops an import
    try:
        yield
    finally:
        for name in absent:
            if sys.modules.get(name, name) is None:
                del sys.modules[name]


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
            with _without(_hidden):
                import tensorflow as tf

            tf.config.list_physical_devices()  # looks for drivers on the first call
        # Failures are raised as exceptions; warnings need no action of the user.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    import tensorflow as tf

    return tf
