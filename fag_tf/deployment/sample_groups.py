"""Samples of many sources in one file: CSV, JSON lines, NPZ or Parquet."""

import csv
import importlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.files import write_atomically
from fag_tf.deployment.sample_files import Columns, json_rows
from fag_tf.errors import InputError
from fag_tf.spaces import LOG_DENSITY_OUTPUT

__all__ = [
    "GROUP_SUFFIXES",
    "SampleGroup",
    "check_group_suffix",
    "parquet_bytes",
    "parquet_note",
    "write_groups",
]

GROUP_SUFFIXES = (".csv", ".jsonl", ".npz", ".parquet")


class SampleGroup(NamedTuple):
    """The samples of one source.

    Attributes:
        source: name of the source.
        action: actions `[n, A]` float32.
        feasibility: critic's probabilities `[n]` float32.
        log_density: log densities `[n]` float32, or None; all groups of a file have them, or none.
        more: further columns `[n]` by name, in the order of the file's.
    """

    source: str
    action: NDArray[np.float32]
    feasibility: NDArray[np.float32]
    log_density: NDArray[np.float32] | None = None
    more: Columns = MappingProxyType({})


def check_group_suffix(path: Path) -> str:
    """Return the suffix of the file in lower case.

    Raises:
        InputError: this format cannot be written, or the package that writes it is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in GROUP_SUFFIXES:
        raise InputError(
            f"{path} must end in {', '.join(GROUP_SUFFIXES)}: that chooses the format for several "
            "pictures"
        )
    if suffix == ".parquet":
        _pyarrow("parquet")
    return suffix


def write_groups(
    path: Path,
    names: Sequence[str],
    groups: Iterable[SampleGroup],
    about: Mapping[str, Any],
    more_names: Sequence[str] = (),
) -> None:
    """Write the samples of each source, in the order given and in the format of the suffix.

    CSV holds the columns source, the axes, feasibility and the further columns. JSON lines hold one
    object for each source, with its list `actions`. Parquet holds the columns of the CSV format,
    one row group for each source, and `about` in its metadata. NPZ holds the arrays `action`
    `[n, A]`, `feasibility` `[n]`, `row` `[S + 1]` (source s has rows `row[s]` to `row[s + 1]`),
    `source` `[S]` and `names`, `more` `[n, C]` with the further columns and `more_names` `[C]` if
    there are any, and `about` as JSON text. If the groups have log densities, JSON lines and NPZ
    hold them too, as `log_density`.

    Args:
        path: the file to write.
        names: names of the axes.
        groups: one group for each source; read once, one after the other.
        about: plain values that describe the samples.
        more_names: names of the further columns, which every group has.

    Raises:
        InputError: the suffix is unknown, or the file cannot be written.
    """
    write = {".csv": _csv, ".jsonl": _json_lines, ".npz": _npz, ".parquet": _parquet}
    suffix = check_group_suffix(path)
    with write_atomically(path) as partial:
        write[suffix](partial, [*names, "feasibility", *more_names], groups, about)


def _rows(group: SampleGroup) -> NDArray[np.float32]:
    columns = [group.action, group.feasibility, *group.more.values()]
    return np.column_stack(columns).astype(np.float32)


def _csv(
    path: Path, columns: Sequence[str], groups: Iterable[SampleGroup], about: Mapping[str, Any]
) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["source", *columns])
        for group in groups:
            for row in _rows(group):
                exact = (np.format_float_positional(value, trim="0") for value in row)
                writer.writerow([group.source, *exact])


def _json_lines(
    path: Path, columns: Sequence[str], groups: Iterable[SampleGroup], about: Mapping[str, Any]
) -> None:
    with path.open("w", encoding="utf-8") as file:
        for group in groups:
            table = dict(zip(columns, _rows(group).T, strict=True))
            if group.log_density is not None:
                table[LOG_DENSITY_OUTPUT] = group.log_density
            line = {"source": group.source, **about, "actions": json_rows(table)}
            file.write(json.dumps(line) + "\n")


def _npz(
    path: Path, columns: Sequence[str], groups: Iterable[SampleGroup], about: Mapping[str, Any]
) -> None:
    kept = list(groups)
    known = [group.log_density for group in kept if group.log_density is not None]
    more: dict[str, Any] = {LOG_DENSITY_OUTPUT: np.concatenate(known)} if known else {}
    axes = kept[0].action.shape[1] if kept else len(columns) - 1
    further = columns[axes + 1 :]
    if further:
        more["more"] = np.concatenate([_rows(group)[:, axes + 1 :] for group in kept])
        more["more_names"] = np.array(further)
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            action=np.concatenate([group.action for group in kept]),
            feasibility=np.concatenate([group.feasibility for group in kept]),
            row=np.cumsum([0, *(len(group.feasibility) for group in kept)]),
            source=np.array([group.source for group in kept]),
            names=np.array(columns[:axes]),
            about=np.array(json.dumps(dict(about))),
            **more,
        )


def parquet_bytes(
    names: Sequence[str],
    groups: Iterable[SampleGroup],
    about: Mapping[str, Any],
    more_names: Sequence[str] = (),
    note: Mapping[str, Any] = MappingProxyType({}),
) -> bytes:
    """The content of a Parquet file of `write_groups`.

    Args:
        names: names of the axes.
        groups: one group for each source.
        about: plain values that describe the samples.
        more_names: names of the further columns.
        note: further plain values, which `parquet_note` reads.

    Raises:
        InputError: pyarrow is not installed.
    """
    content = io.BytesIO()
    _parquet(content, [*names, "feasibility", *more_names], groups, about, note)
    return content.getvalue()


def parquet_note(address: str) -> dict[str, Any]:
    """The `note` of a file of `parquet_bytes`, without its rows.

    Args:
        address: absolute path, or address on an object store.

    Raises:
        InputError: the file cannot be read, or is none of these.
    """
    from pyarrow import fs

    try:
        store, path = fs.FileSystem.from_uri(address)
        found = json.loads(
            _pyarrow("parquet").read_schema(path, filesystem=store).metadata[b"note"]
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{address} is damaged; remove it and run again") from error
    if not isinstance(found, dict) or not found.keys() >= {"done", "empty", "bad", "samples"}:
        raise InputError(f"{address} is damaged; remove it and run again")
    return found


def _parquet(
    path: Path | io.BytesIO,
    columns: Sequence[str],
    groups: Iterable[SampleGroup],
    about: Mapping[str, Any],
    note: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    arrow, parquet = _pyarrow(), _pyarrow("parquet")
    fields = [arrow.field("source", arrow.string())]
    fields += [arrow.field(name, arrow.float32()) for name in columns]
    told = {"about": json.dumps(dict(about))} | ({"note": json.dumps(dict(note))} if note else {})
    schema = arrow.schema(fields, metadata=told)
    with parquet.ParquetWriter(path, schema) as writer:
        for group in groups:
            rows = _rows(group)
            arrays = [arrow.array([group.source] * len(rows), arrow.string())]
            arrays += [arrow.array(np.ascontiguousarray(column)) for column in rows.T]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def _pyarrow(part: str | None = None) -> Any:
    try:
        return importlib.import_module("pyarrow" if part is None else f"pyarrow.{part}")
    except ImportError as error:
        raise InputError(
            "writing Parquet needs pyarrow; install it with pip install 'fag-tf[parquet]', or name "
            "a file that ends in .csv, .jsonl or .npz"
        ) from error
