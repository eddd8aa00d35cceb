"""Compiled code that the processes of one command share."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fag_tf._utils.environment_variables import variable

__all__ = ["shared_compiled_code"]

_VARIABLE = "TF_XLA_FLAGS"
_FLAG = "--tf_xla_persistent_cache_directory"


@contextmanager
def shared_compiled_code(folder: Path) -> Iterator[None]:
    """Let all processes that start in the block share what XLA compiles.

    A small training takes less time than its compilation, and trainings that differ in their seeds
    alone have the same code. The folder is removed before and after: XLA does not start with a
    damaged file, so nothing is kept from an earlier command.

    Args:
        folder: a folder of its own for the code. It is not made if the user has chosen one by
            `TF_XLA_FLAGS`.
    """
    before = os.environ.get(_VARIABLE, "")
    if _FLAG in before or '"' in str(folder):  # a quoted path cannot hold a quote
        yield
        return
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with variable(_VARIABLE, f'{before} {_FLAG}="{folder}"'.strip()):
            yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
