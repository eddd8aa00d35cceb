"""Where Python looks for modules: a process of a cluster looks where the command does."""

import os
import sys
from collections.abc import Sequence

__all__ = ["add_search_path", "search_path"]


def search_path() -> list[str]:
    """The folders in which this process looks for modules, absolute."""
    return [os.path.abspath(folder) for folder in sys.path]


def add_search_path(folders: Sequence[str]) -> None:
    """Look in these folders too, after all others. What another machine lacks does no harm."""
    sys.path.extend(folder for folder in folders if folder not in sys.path)
