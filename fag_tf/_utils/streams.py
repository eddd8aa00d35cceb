"""The standard streams, as code of other languages writes to them too."""

import contextlib
import os
import sys
from collections.abc import Iterator

__all__ = ["silent_stderr"]


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
