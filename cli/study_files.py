"""The files of a study's results."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Table", "stem_of", "write_results"]


class Table(Protocol):
    """Results in three forms."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""

    def to_csv(self) -> str:
        """A line for each figure."""

    def to_markdown(self) -> str:
        """A table to read."""


def stem_of(label: str) -> str:
    """A label as the name of a file."""
    return re.sub(r"[^A-Za-z0-9]+", "_", label).strip("_")


def write_results(
    table: Table, directory: Path, figures: Iterable[tuple[str, "Figure"]] = ()
) -> list[str]:
    """Write tables and pictures, all or none; returns the files' names.

    Args:
        table: the results.
        directory: the study's folder.
        figures: pictures with the names of their files, without an ending.
    """
    from fag_tf._utils.files import all_or_none, write_atomically

    texts = {
        "results.json": json.dumps(table.to_json(), indent=1, allow_nan=False) + "\n",
        "results.csv": table.to_csv(),
        "results.md": table.to_markdown(),
    }
    names = list(texts)
    with all_or_none():
        for file, text in texts.items():
            with write_atomically(directory / file) as partial:
                partial.write_text(text, encoding="utf-8")
        for stem, figure in figures:
            from fag_tf._utils.figures import save_figure

            names.append(f"{stem}.png")
            save_figure(figure, directory / names[-1], dpi=110)
    return names
