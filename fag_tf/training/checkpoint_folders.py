"""Where a run's checkpoints lie and what they are called; TensorFlow is not needed to tell."""

import re
from pathlib import Path

__all__ = ["checkpoint_folders", "checkpoint_name", "latest_checkpoint"]

_NAME = re.compile("step-[0-9]{8,}")


def checkpoint_name(step: int) -> str:
    """Name of the checkpoint after so many steps."""
    return f"step-{step:08d}"


def checkpoint_folders(directory: Path) -> list[Path]:
    """A run's checkpoints in the order of their steps; none if there is no such directory."""
    # Not by a glob: that finds nothing in a folder it has no right to read.
    there = directory.iterdir() if directory.exists() else ()
    return sorted(path for path in there if _NAME.fullmatch(path.name))


def latest_checkpoint(directory: Path) -> Path | None:
    """The checkpoint with the most steps in a run's folder of checkpoints, if there is any."""
    found = checkpoint_folders(directory)
    return found[-1] if found else None
