"""Files of actions: read from CSV; written as CSV, JSON or NPZ."""

import csv
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.files import read_text, write_atomically
from fag_tf.errors import InputError
from fag_tf.spaces import LOG_DENSITY_OUTPUT

__all__ = [
    "TABLE_SUFFIXES",
    "ActionTable",
    "Columns",
    "check_suffix",
    "json_rows",
    "read_actions",
    "samples_csv",
    "write_samples",
]

MOST_LINES, MOST_ENTRIES = 4_000_000, 16_000_000
"""Bounds of a file of actions; each line takes some 300 bytes of memory."""

TABLE_SUFFIXES = (".csv", ".json", ".npz")


@dataclass(frozen=True)
class ActionTable:
    """Actions read from a CSV file.

    Attributes:
        actions: actions `[n, A]` float64.
        texts: the numbers as text exactly as in the file, so that they can be written unchanged.
    """

    actions: NDArray[np.float64]
    texts: tuple[tuple[str, ...], ...]


def read_actions(path: str | os.PathLike[str], names: Sequence[str]) -> ActionTable:
    """Read actions from a CSV file whose first line names its columns.

    Args:
        path: the file; `-` is the standard input.
        names: names of the axes; other columns are ignored.

    Raises:
        InputError: the file cannot be read, lacks a column, has too many lines or entries, or an
            entry is not a finite number.
    """
    text = read_text(path)
    lines, entries = text.count("\n") + text.count("\r"), text.count(",")
    if lines > MOST_LINES or entries > MOST_ENTRIES:
        raise InputError(
            f"{path} has {lines:,} lines and {entries:,} commas; it may have {MOST_LINES:,} and "
            f"{MOST_ENTRIES:,}, so divide it"
        )
    reader = csv.reader(io.StringIO(text, newline=None))
    path = "the standard input" if os.fspath(path) == "-" else os.fspath(path)
    wanted = ",".join(names)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(f"{path} is not a CSV file: {error}") from error
    if not rows:
        raise InputError(f"{path} is empty; its first line must be {wanted}")
    header = [cell.strip() for cell in rows[0][1]]
    missing = [name for name in names if name not in header]
    if missing:
        first = ",".join(header)
        raise InputError(
            f"{path} has no column {missing[0]!r}: its first line is {_short(first)} "
            f"and must be {wanted}"
        )
    for name in names:
        if header.count(name) > 1:
            raise InputError(f"{path} has {header.count(name)} columns {name!r}; one is meant")
    columns = [header.index(name) for name in names]
    texts = []
    for line, row in rows[1:]:
        if len(row) <= max(columns):
            raise InputError(
                f"{path}, line {line}: {len(row)} entries, the header has {len(header)}"
            )
        texts.append(tuple(row[column].strip() for column in columns))
    values = [
        [_number(path, line, name, text) for name, text in zip(names, cells, strict=True)]
        for (line, _), cells in zip(rows[1:], texts, strict=True)
    ]
    return ActionTable(np.array(values, np.float64).reshape(-1, len(names)), tuple(texts))


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}...")


def _number(path: str, line: int, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(
            f"{path}, line {line}: {name} is {_short(text)}; it must be a finite number"
        )
    return value


Columns = Mapping[str, NDArray[np.floating] | NDArray[np.integer]]
"""Further columns `[n]` of a table, by name; a value that is missing is not a number."""


def samples_csv(
    names: Sequence[str],
    actions: NDArray[np.float32],
    feasibility: NDArray[np.float32],
    more: Columns | None = None,
) -> str:
    """CSV of actions `[n, A]` and feasibility `[n]`, with the exact value of each float32.

    Further columns follow, if there are any; `nan` stands for a value that is missing.
    """
    more = more or {}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "feasibility", *more])
    columns = [*np.transpose(actions), feasibility, *more.values()]
    writer.writerows(zip(*map(_texts, columns), strict=True))
    return text.getvalue()


def _texts(column: NDArray[Any]) -> list[str]:
    """Numbers `[n]` as text: whole ones as they are, others as float32."""
    if np.issubdtype(column.dtype, np.integer):
        return [str(value) for value in column.tolist()]
    return [np.format_float_positional(value, trim="0") for value in column.astype(np.float32)]


def json_rows(columns: Columns) -> list[dict[str, float | None]]:
    """One object for each row of a table's columns; null stands for what is not a number."""
    values = [
        column if np.issubdtype(column.dtype, np.integer) else np.asarray(column, np.float32)
        for column in map(np.asarray, columns.values())
    ]
    return [
        {
            name: None if math.isnan(value) else value
            for name, value in zip(columns, row, strict=True)
        }
        for row in zip(*(column.tolist() for column in values), strict=True)
    ]


def _stored(column: NDArray[Any]) -> Any:
    return column if np.issubdtype(column.dtype, np.integer) else column.astype(np.float32)


def check_suffix(path: str | os.PathLike[str]) -> str:
    """Return the suffix of a table's file in lower case.

    Raises:
        InputError: this format cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise InputError(f"{path} must end in {', '.join(TABLE_SUFFIXES)}: that chooses its format")
    return suffix


def write_samples(
    path: str | os.PathLike[str],
    names: Sequence[str],
    actions: NDArray[np.float32],
    feasibility: NDArray[np.float32],
    about: Mapping[str, Any],
    log_density: NDArray[np.float32] | None = None,
    more: Columns | None = None,
) -> None:
    """Write sampled actions in the format of the file's suffix.

    CSV holds the axes, feasibility and the further columns. JSON holds one object with the entries
    of `about` and the list `actions` of objects. NPZ holds the arrays `action` `[n, A]`,
    `feasibility` `[n]` and `names`, the further columns, and `about` as JSON text. JSON and NPZ
    hold the log densities too, if they are given, as `log_density`. Where a value is not a number,
    JSON holds null.

    Args:
        path: the file to write.
        names: names of the axes.
        actions: actions `[n, A]`.
        feasibility: critic's probabilities `[n]`.
        about: plain values such as model, seed and units.
        log_density: log densities `[n]` with which the model draws the actions, or None.
        more: further columns `[n]` by name.

    Raises:
        InputError: the suffix is unknown, or the file cannot be written.
    """
    suffix = check_suffix(path)
    further: dict[str, Any] = dict(more or {})
    if log_density is not None:
        further[LOG_DENSITY_OUTPUT] = log_density
    with write_atomically(path) as partial:
        if suffix == ".csv":
            partial.write_text(samples_csv(names, actions, feasibility, more), encoding="utf-8")
        elif suffix == ".json":
            columns = dict(zip(names, np.transpose(actions), strict=True))
            listed = json_rows({**columns, "feasibility": feasibility, **further})
            content = {**about, "actions": listed}
            partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        else:
            with partial.open("wb") as file:
                np.savez_compressed(
                    file,
                    action=actions,
                    feasibility=feasibility,
                    names=np.array(list(names)),
                    about=np.array(json.dumps(dict(about))),
                    **{name: _stored(column) for name, column in further.items()},
                )
