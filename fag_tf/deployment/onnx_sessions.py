"""How ONNX files are opened: the same options for models, maps and agents."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fag_tf._utils.tensorflow import _one_line
from fag_tf.errors import InputError

__all__ = ["open_session"]


def open_session(path: Path, sizes: Mapping[str, int] | None = None, threads: int = 1) -> Any:
    """Open an ONNX file in ONNX Runtime.

    Args:
        path: the file.
        sizes: sizes of free axes by their names in the file.
        threads: threads that share an operation; 0 for one a core.

    Raises:
        InputError: the file is broken.
    """
    # Telemetry would send private data; the variable is read when the module is loaded.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors reach the user as exceptions
    # Spinning threads would keep the cores busy between two calls.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads = threads
    for axis, size in (sizes or {}).items():
        options.add_free_dimension_override_by_name(axis, size)
    try:
        return onnxruntime.InferenceSession(
            str(path),
            options,
            providers=["CPUExecutionProvider"],
            enable_fallback=0,  # which would print, and try the same again
        )
    except Exception as error:  # its exceptions have no common base class
        raise InputError(f"cannot load {path}: {_one_line(error)}") from error
