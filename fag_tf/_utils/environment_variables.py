"""Variables of this process's environment, changed for a while."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["variable"]


@contextmanager
def variable(name: str, value: str | None) -> Iterator[None]:
    """Set a variable, or remove it if the value is None; afterwards it is as it was before."""
    before = os.environ.get(name)
    _put(name, value)
    try:
        yield
    finally:
        _put(name, before)


def _put(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
