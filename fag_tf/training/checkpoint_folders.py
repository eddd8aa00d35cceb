"""Folders and names of a run's checkpoints. This module does not need TensorFlow."""

import re
from pathlib import Path

__all__ = ["checkpoint_folders", "checkpoint_name", "latest_checkpoint"]

_NAME = re.compile("step-[0-9]{8,}")


def checkpoint_name(step: int) -> str:
    """Name of the checkpoint after `step` steps."""
    return f"step-{step:08d}"


def checkpoint_folders(directory: Path) -> list[Path]:
    """A run's checkpoints in the order of their steps; none if the directory does not exist."""
    # A glob would give nothing, instead of an error, for a folder that may not be read.
    there = directory.iterdir() if directory.exists() else ()
    return sorted(path for path in there if _NAME.fullmatch(path.name))


def latest_checkpoint(directory: Path) -> Path | None:
    """The checkpoint with the most steps in a run's folder of checkpoints; None without one."""
    found = checkpoint_folders(directory)
    return found[-1] if found else None
