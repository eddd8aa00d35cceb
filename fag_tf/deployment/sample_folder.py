"""Samples of very many sources in a folder of Parquet files, on a disk or an object store.

Each file holds the samples of some sources and is written whole. A job that was stopped goes on
with the files that are missing.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fag_tf.deployment.batch_sampling import JobReport
from fag_tf.deployment.sample_groups import SampleGroup, parquet_bytes, parquet_note
from fag_tf.deployment.source_sampling import SourceSampler
from fag_tf.deployment.stored_files import is_stored, list_stored, put_stored, read_stored
from fag_tf.errors import InputError
from fag_tf.parallel.worker_pool import Refusal

__all__ = ["DrawPartsFn", "FolderJob", "Part", "PartFolder", "is_part_folder", "seed_of_folder"]

_SETTINGS = "job.json"
_SOURCES_A_PART = 64
_AT_ONCE = 8
"""Number of observations in one batch of the network."""


def is_part_folder(out: str) -> bool:
    """Whether samples are to be written into a folder of parts: `grasps/` or `s3://bucket/grasps`.

    A local path is one if it ends in a slash.
    """
    return is_stored(out) or out.endswith("/")


class Part(NamedTuple):
    """What is drawn at once, and lost at once.

    Attributes:
        file: name of its file.
        sources: its sources.
    """

    file: str
    sources: Sequence[str]


class PartFolder(NamedTuple):
    """Where parts are written, and what each of them says of itself.

    Attributes:
        address: a folder's absolute path, or its address on an object store.
        axes: names of the axes.
        more_names: names of the further columns.
        about: plain values that describe the samples.
    """

    address: str
    axes: Sequence[str]
    more_names: Sequence[str]
    about: Mapping[str, Any]

    @property
    def is_shared(self) -> bool:
        """Whether all nodes of a cluster see it: it is on an object store."""
        return is_stored(self.address)

    def content(
        self, part: Part, draw: Callable[[Sequence[str]], Mapping[str, SampleGroup | Refusal]]
    ) -> tuple[bytes, dict[str, Any]]:
        """Draw a part.

        Args:
            part: what is drawn.
            draw: draws some of its sources, as `SourceSampler.draw` does.

        Returns:
            The content of its file, and what the file tells of its sources.
        """
        found: dict[str, SampleGroup | Refusal] = {}
        for start in range(0, len(part.sources), _AT_ONCE):
            found |= draw(part.sources[start : start + _AT_ONCE])
        groups = [each for each in found.values() if isinstance(each, SampleGroup)]
        told = {
            "done": [_text(name) for name, each in found.items() if _samples(each)],
            "empty": [
                _text(name)
                for name, each in found.items()
                if isinstance(each, SampleGroup) and not _samples(each)
            ],
            "bad": {
                _text(name): each.message
                for name, each in found.items()
                if isinstance(each, Refusal)
            },
            "samples": sum(map(_samples, found.values())),
        }
        return parquet_bytes(self.axes, groups, self.about, self.more_names, told), told

    def path(self, file: str) -> str:
        """The path or address of a file in the folder."""
        return f"{self.address.rstrip('/')}/{file}"


DrawPartsFn = Callable[[PartFolder, Sequence[Part]], Iterable[tuple[Part, dict[str, Any]]]]
"""Draws and writes parts, in any order; gives each when its file is there, with what it tells."""


class FolderJob:
    """Draws samples for each of many sources into a folder.

    Args:
        sampler: draws the samples.
        out: the folder: a path, or an address on an object store.
        about: plain values of all other settings that determine the samples.
        draw: draws elsewhere what `sampler` would draw here; None draws in this process.
    """

    def __init__(
        self,
        sampler: SourceSampler,
        out: str,
        about: Mapping[str, Any],
        draw: DrawPartsFn | None = None,
    ) -> None:
        about = {
            **about,
            "seed": sampler.seed,
            "min_feasibility": sampler.min_feasibility,
            "count": sampler.count,
        }
        axes = [axis.name for axis in sampler.model.card.action_space.axes]
        self.folder = PartFolder(_address(out), axes, sampler.more_names, about)
        self._sampler = sampler
        self._draw = self._draw_here if draw is None else draw

    def run(
        self, sources: Sequence[str], progress: Callable[[int], None] = lambda _: None
    ) -> JobReport:
        """Draw and write the parts that are missing.

        Args:
            sources: paths or addresses of files.
            progress: called with the number of finished sources.

        Raises:
            InputError: the folder cannot be written, or it holds parts of a job with other
                settings or other sources.
        """
        starts = range(0, len(sources), _SOURCES_A_PART)
        parts = [
            Part(f"part-{number:06}.parquet", sources[start : start + _SOURCES_A_PART])
            for number, start in enumerate(starts)
        ]
        there = self._open(sources)
        report = JobReport()
        told: dict[str, dict[str, Any]] = {}
        for part in parts:
            if part.file in there:
                told[part.file] = parquet_note(self.folder.path(part.file))
                report.resumed += len(part.sources)
        finished = report.resumed
        for part, tells in self._draw(self.folder, [p for p in parts if p.file not in there]):
            told[part.file] = tells
            finished += len(part.sources)
            progress(finished)
        for part in parts:
            tells = told[part.file]
            report.done += tells["done"]
            report.empty += tells["empty"]
            report.bad |= tells["bad"]
            report.samples += tells["samples"]
        return report

    def _draw_here(
        self, folder: PartFolder, parts: Sequence[Part]
    ) -> Iterator[tuple[Part, dict[str, Any]]]:
        for part in parts:
            content, told = folder.content(part, self._sampler.draw)
            put_stored(folder.path(part.file), content)
            yield part, told

    def _open(self, sources: Sequence[str]) -> set[str]:
        """Begin the job or go on with it; the files of the parts that are there."""
        digest = hashlib.sha256("\n".join(map(_state, sources)).encode()).hexdigest()
        settings = json.dumps({**self.folder.about, "sources": digest}, sort_keys=True)
        there = _files(self.folder.address)
        if _SETTINGS not in there:
            if any(name.startswith("part-") for name in there):
                raise InputError(f"{self.folder.address} holds parts of no job; name another")
            put_stored(self.folder.path(_SETTINGS), settings.encode())
        elif read_stored(self.folder.path(_SETTINGS)) != settings.encode():
            raise InputError(
                f"{self.folder.address} holds parts of other pictures, or of a job with other "
                "settings or another model; give all as then, or name another folder"
            )
        return there


def seed_of_folder(out: str) -> int | None:
    """Seed of the job whose parts a folder holds; None if it holds none."""
    address = _address(out)
    if _SETTINGS not in _files(address):
        return None
    told = f"{address.rstrip('/')}/{_SETTINGS}"
    try:
        return int(json.loads(read_stored(told))["seed"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{told} is damaged; name another folder") from error


def _address(out: str) -> str:
    return out if is_stored(out) else os.path.abspath(out)


def _files(address: str) -> set[str]:
    listed = list_stored(address, (".parquet", ".json"), missing_ok=True)
    return {name.rpartition("/")[2] for name in listed}


def _state(source: str) -> str:
    """A source and, of a file on a disk, its size and time: that it is the same as before."""
    if is_stored(source):
        return source
    try:
        status = Path(source).stat()
    except OSError:
        return _text(source)
    return f"{_text(os.path.abspath(source))} {status.st_size} {status.st_mtime_ns}"


def _text(name: str) -> str:
    return os.fsencode(name).decode(errors="replace")


def _samples(found: SampleGroup | Refusal) -> int:
    return len(found.feasibility) if isinstance(found, SampleGroup) else 0
