"""Samples for many observations in one file: in batches, resumable, with bad sources reported.

The samples of each observation are written to a separate file in a folder beside the output as soon
as they are drawn. All files are joined at the end. A job that was stopped therefore continues from
its last finished source.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.arrays import open_arrays
from fag_tf._utils.files import read_text, write_atomically
from fag_tf.deployment.feasible_sampling import FeasibleSamples, draw_feasible
from fag_tf.deployment.sample_files import Columns
from fag_tf.deployment.sample_groups import SampleGroup, write_groups
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.samples import Samples
from fag_tf.errors import InputError
from fag_tf.spaces import Observation

__all__ = ["JobReport", "SamplingJob", "seed_of_stopped"]

_SETTINGS = "job.json"
_MORE = "more_"  # before the name of a further column, which may be that of an output

_AT_ONCE = 8
"""Number of observations in one batch of the network."""

_MOST_PART = 1 << 33
"""Greatest size of the samples of one source, bytes."""


@dataclass
class JobReport:
    """Result of a job.

    Attributes:
        done: sources that have samples.
        empty: sources without any sample that reaches the least feasibility.
        bad: reason for each source that could not be read.
        samples: total number of samples.
        resumed: number of sources that an earlier run of the job had finished.
    """

    done: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    bad: dict[str, str] = field(default_factory=dict)
    samples: int = 0
    resumed: int = 0


class SamplingJob:
    """Draws samples for each of several sources.

    Args:
        sampler: a loaded model.
        read: returns the observation of a source, `[1, ...]`; an `InputError` marks the source as
            bad.
        out: the file of samples; see `sample_groups.GROUP_SUFFIXES`.
        count: number of samples wanted for each source.
        seed: seed of the noise; the samples of a source do not depend on the other sources.
        min_feasibility: least probability of the critic to keep a sample.
        about: plain values of all other settings that determine the samples; written to the file.
        describe: returns further columns `[n]` of a source's actions `[n, A]`, by name; it is
            called after `read` for the same source.
        more_names: names of these columns.
        accept: says which actions `[n, A]` of a source to keep, `[n]`; it is called after `read`
            for the same source. None keeps all.
        place: carries the samples `[n]` of a source into the frame that they are written in; it is
            called before `describe`, which is given what `accept` is. None leaves them as they are.
    """

    def __init__(
        self,
        sampler: SavedModel,
        read: Callable[[str], Observation],
        out: Path,
        count: int,
        seed: int,
        min_feasibility: float,
        about: Mapping[str, Any],
        describe: Callable[[str, NDArray[np.float32]], Columns] = lambda _source, _actions: {},
        more_names: Sequence[str] = (),
        accept: Callable[[str, NDArray[np.float32]], NDArray[np.bool_]] | None = None,
        place: Callable[[str, Samples], Samples] | None = None,
    ) -> None:
        self.sampler = sampler
        self.read = read
        self.out = out
        self.count, self.seed, self.min_feasibility = count, seed, min_feasibility
        self.about = {**about, "seed": seed, "min_feasibility": min_feasibility, "count": count}
        self.accept, self.place = accept, place
        self.describe, self.more_names = describe, tuple(more_names)
        self.parts = _parts_of(out)

    def run(
        self, sources: Sequence[str], progress: Callable[[int], None] = lambda _: None
    ) -> JobReport:
        """Process the unfinished sources, then write the file.

        Args:
            sources: paths of files.
            progress: called with the number of finished sources.

        Raises:
            InputError: no source could be read, the output cannot be written, or the folder beside
                it holds parts of a job with other settings.
        """
        self._open_parts()
        report = JobReport()
        finished = 0
        for batch in _batches(sources):
            waiting: dict[str, Observation] = {}
            for source in batch:
                if self._part(source).exists():
                    report.resumed += 1
                    continue
                try:
                    waiting[source] = self.sampler.check_observation(self.read(source))
                except InputError as error:
                    report.bad[source] = str(error)
            if waiting:
                self._draw(waiting)
            finished += len(batch)
            progress(finished)
        if len(report.bad) == len(sources):
            source, reason = next(iter(report.bad.items()))
            self._remove_parts()
            raise InputError(f"none of {len(sources)} could be read; the first: {reason}")
        good = [source for source in sources if source not in report.bad]
        names = [axis.name for axis in self.sampler.card.action_space.axes]
        groups = self._groups(good, report)
        write_groups(self.out, names, groups, self.about, self.more_names)
        self._remove_parts()
        return report

    def _draw(self, waiting: Mapping[str, Observation]) -> None:
        joined = {
            name: np.concatenate([one[name] for one in waiting.values()])
            for name in next(iter(waiting.values()))
        }
        sources, test = list(waiting), self.accept
        found = draw_feasible(
            self.sampler,
            joined,
            self.count,
            self.seed,
            self.min_feasibility,
            accept=None if test is None else lambda row, actions: test(sources[row], actions),
        )
        for source, samples in zip(waiting, found, strict=True):
            self._save(source, samples)

    def _save(self, source: str, samples: FeasibleSamples) -> None:
        with write_atomically(self._part(source)) as partial, partial.open("wb") as file:
            placed = Samples(samples.action, samples.feasibility, samples.log_density)
            if self.place is not None:
                placed = self.place(source, placed)
            arrays: dict[str, Any] = placed.outputs()
            more = self.describe(source, samples.action)
            arrays |= {f"{_MORE}{name}": more[name] for name in self.more_names}
            np.savez(file, **arrays)

    def _groups(self, sources: Sequence[str], report: JobReport) -> Iterator[SampleGroup]:
        for source in sources:
            part = self._part(source)
            try:
                with open_arrays(part, _MOST_PART) as arrays:
                    name = os.fsencode(source).decode(errors="replace")
                    outputs = {key: arrays[key] for key in self.sampler.card.sample_outputs}
                    more = {key: arrays[f"{_MORE}{key}"] for key in self.more_names}
                    group = SampleGroup(name, *Samples.from_outputs(outputs), more)
            except (OSError, ValueError, KeyError) as error:
                raise InputError(f"{part} is damaged; remove it and run again") from error
            (report.done if len(group.feasibility) else report.empty).append(source)
            report.samples += len(group.feasibility)
            yield group

    def _part(self, source: str) -> Path:
        """File of a source's samples; its name changes when the source file changes."""
        path = Path(source)
        try:
            status = path.stat()
            state = f"{status.st_size} {status.st_mtime_ns}"
        except OSError:
            state = ""
        name = os.fsencode(path.absolute())  # may be invalid UTF-8
        key = hashlib.sha256(name + f" {state}".encode()).hexdigest()[:32]
        return self.parts / f"{key}.npz"

    def _open_parts(self) -> None:
        """Make a folder of parts, or continue with the folder of the same settings."""
        settings = json.dumps(self.about, sort_keys=True)
        told = self.parts / _SETTINGS
        if told.exists() and read_text(told) != settings:
            raise InputError(
                f"{self.parts} holds parts of a job with other settings or another model; give "
                "--seed and the rest as then, remove that folder, or name another file"
            )
        with write_atomically(told) as partial:
            partial.write_text(settings, encoding="utf-8")

    def _remove_parts(self) -> None:
        shutil.rmtree(self.parts, ignore_errors=True)


def seed_of_stopped(out: Path) -> int | None:
    """Seed of a job that stopped before it wrote this file; None if there is no such job."""
    told = _parts_of(out) / _SETTINGS
    if not told.exists():
        return None
    try:
        return int(json.loads(read_text(told))["seed"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{told} is damaged; remove the folder {told.parent}") from error


def _parts_of(out: Path) -> Path:
    return out.with_name(f".{out.name}.parts")


def _batches(sources: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(sources), _AT_ONCE):
        yield sources[start : start + _AT_ONCE]
