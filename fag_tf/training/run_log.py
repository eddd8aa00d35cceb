"""The log of a run: one line of JSON per report."""

import json
from pathlib import Path
from typing import Any

from fag_tf._utils.files import write_atomically

__all__ = ["cut_log", "read_log"]


def read_log(path: Path) -> list[dict[str, Any]]:
    """Read the reports of a log, one dictionary each, up to the first damaged line."""
    rows: list[dict[str, Any]] = []
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not (isinstance(row, dict) and isinstance(row.get("step"), (int, float))):
            break
        rows.append(row)
    return rows


def cut_log(path: Path, step: int) -> None:
    """Remove the reports of all steps after `step` from a log."""
    if path.exists():
        kept = [row for row in read_log(path) if row["step"] <= step]
        with write_atomically(path) as partial:
            partial.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
