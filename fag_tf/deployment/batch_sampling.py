"""Samples for many observations in one file: in batches, resumable, with bad sources reported.

The samples of each observation are written to a separate file in a folder beside the output as soon
as they are drawn. All files are joined at the end. A job that was stopped therefore continues from
its last finished source.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fag_tf._utils.files import MOST_CONFIG, read_text, write_atomically
from fag_tf.deployment.sample_groups import SampleGroup, write_groups
from fag_tf.deployment.source_sampling import SourceSampler, group_bytes, read_group
from fag_tf.errors import InputError
from fag_tf.parallel.worker_pool import Refusal

__all__ = ["DrawFn", "Drawn", "JobReport", "SamplingJob", "part_bytes", "seed_of_stopped"]

_SETTINGS = "job.json"

_AT_ONCE = 8
"""Number of observations in one batch of the network."""


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


Drawn = Mapping[str, bytes | Refusal]
"""Of each source the content of its part, or why it is bad."""

DrawFn = Callable[[Sequence[str]], Iterable[Drawn]]
"""Draws for the sources that it is given, some at a time, in any order."""


class SamplingJob:
    """Draws samples for each of several sources into one file.

    Args:
        sampler: draws the samples.
        out: the file of samples; see `sample_groups.GROUP_SUFFIXES`.
        about: plain values of all other settings that determine the samples; written to the file.
        draw: draws elsewhere what `sampler` would draw here; None draws in this process.
    """

    def __init__(
        self,
        sampler: SourceSampler,
        out: Path,
        about: Mapping[str, Any],
        draw: DrawFn | None = None,
    ) -> None:
        self.sampler = sampler
        self.out = out
        self.about = {
            **about,
            "seed": sampler.seed,
            "min_feasibility": sampler.min_feasibility,
            "count": sampler.count,
        }
        self.parts = _parts_of(out)
        self._draw = self._draw_here if draw is None else draw

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
        left = [source for source in sources if not self._part(source).exists()]
        finished = report.resumed = len(sources) - len(left)
        bad: dict[str, str] = {}
        for drawn in self._draw(left):
            for source, part in drawn.items():
                if isinstance(part, Refusal):
                    bad[source] = part.message
                    continue
                with write_atomically(self._part(source)) as partial:
                    partial.write_bytes(part)
            finished += len(drawn)
            progress(finished)
        report.bad = {source: bad[source] for source in sources if source in bad}
        if len(report.bad) == len(sources):
            source, reason = next(iter(report.bad.items()))
            self._remove_parts()
            raise InputError(f"none of {len(sources)} could be read; the first: {reason}")
        good = [source for source in sources if source not in report.bad]
        names = [axis.name for axis in self.sampler.model.card.action_space.axes]
        groups = self._groups(good, report)
        write_groups(self.out, names, groups, self.about, self.sampler.more_names)
        self._remove_parts()
        return report

    def _draw_here(self, sources: Sequence[str]) -> Iterator[Drawn]:
        for start in range(0, len(sources), _AT_ONCE):
            yield part_bytes(self.sampler.draw(sources[start : start + _AT_ONCE]))

    def _groups(self, sources: Sequence[str], report: JobReport) -> Iterator[SampleGroup]:
        outputs = list(self.sampler.model.card.sample_outputs)
        for source in sources:
            group = read_group(self._part(source), source, outputs, self.sampler.more_names)
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


def part_bytes(found: Mapping[str, SampleGroup | Refusal]) -> Drawn:
    """What a `SourceSampler` has drawn, as a job keeps it."""
    return {
        source: group if isinstance(group, Refusal) else group_bytes(group)
        for source, group in found.items()
    }


def seed_of_stopped(out: Path) -> int | None:
    """Seed of a job that stopped before it wrote this file; None if there is no such job."""
    told = _parts_of(out) / _SETTINGS
    if not told.exists():
        return None
    text = read_text(told, MOST_CONFIG)
    try:
        seed = json.loads(text)["seed"]
        if type(seed) is not int or seed < 0:
            raise ValueError("no seed")
        return seed
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(f"{told} is damaged; remove the folder {told.parent}") from error


def _parts_of(out: Path) -> Path:
    return out.with_name(f".{out.name}.parts")
