"""Samples of several sources at once, such as pictures, and the bytes in which they are kept."""

import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.arrays import open_arrays
from fag_tf.deployment.feasible_sampling import draw_feasible
from fag_tf.deployment.sample_files import Columns
from fag_tf.deployment.sample_groups import SampleGroup
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.samples import Samples
from fag_tf.errors import InputError
from fag_tf.parallel.worker_pool import Refusal
from fag_tf.spaces import Observation

__all__ = ["SourceSampler", "group_bytes", "read_group"]

_MORE = "more_"  # before the name of a further column, which may be that of an output

_MOST_PART = 1 << 33
"""Greatest size of the samples of one source, bytes."""


class SourceSampler:
    """Draws samples for each of several sources.

    Args:
        model: a loaded model.
        read: returns the observation of a source, `[1, ...]`; an `InputError` marks the source as
            bad.
        count: number of samples wanted for each source.
        seed: seed of the noise; the samples of a source do not depend on the other sources.
        min_feasibility: least probability of the critic to keep a sample.
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
        model: SavedModel,
        read: Callable[[str], Observation],
        count: int,
        seed: int,
        min_feasibility: float,
        describe: Callable[[str, NDArray[np.float32]], Columns] = lambda _source, _actions: {},
        more_names: Sequence[str] = (),
        accept: Callable[[str, NDArray[np.float32]], NDArray[np.bool_]] | None = None,
        place: Callable[[str, Samples], Samples] | None = None,
    ) -> None:
        self.model, self.read = model, read
        self.count, self.seed, self.min_feasibility = count, seed, min_feasibility
        self.describe, self.more_names = describe, tuple(more_names)
        self.accept, self.place = accept, place

    def draw(self, sources: Sequence[str]) -> dict[str, SampleGroup | Refusal]:
        """Draw the samples of each source; of a bad one there is the reason."""
        found: dict[str, SampleGroup | Refusal] = {}
        waiting: dict[str, Observation] = {}
        for source in sources:
            try:
                waiting[source] = self.model.check_observation(self.read(source))
            except InputError as error:
                found[source] = Refusal(str(error))
        if waiting:
            found |= self._draw(waiting)
        return found

    def _draw(self, waiting: Mapping[str, Observation]) -> dict[str, SampleGroup]:
        joined = {
            name: np.concatenate([one[name] for one in waiting.values()])
            for name in next(iter(waiting.values()))
        }
        sources, test = list(waiting), self.accept
        drawn = draw_feasible(
            self.model,
            joined,
            self.count,
            self.seed,
            self.min_feasibility,
            accept=None if test is None else lambda row, actions: test(sources[row], actions),
        )
        groups = {}
        for source, samples in zip(sources, drawn, strict=True):
            placed = Samples(samples.action, samples.feasibility, samples.log_density)
            if self.place is not None:
                placed = self.place(source, placed)
            more = self.describe(source, samples.action)
            groups[source] = SampleGroup(
                os.fsencode(source).decode(errors="replace"),
                *placed,
                {name: more[name] for name in self.more_names},
            )
        return groups


def group_bytes(group: SampleGroup) -> bytes:
    """The samples of a source as the content of an NPZ file; `read_group` reads it."""
    arrays: dict[str, Any] = Samples(group.action, group.feasibility, group.log_density).outputs()
    arrays |= {f"{_MORE}{name}": column for name, column in group.more.items()}
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def read_group(
    path: Path, source: str, outputs: Sequence[str], more_names: Sequence[str]
) -> SampleGroup:
    """Read a file of `group_bytes`.

    Args:
        path: the file.
        source: the source, whose name may be invalid UTF-8.
        outputs: names of the model's outputs.
        more_names: names of the further columns.

    Raises:
        InputError: the file is damaged.
    """
    try:
        with open_arrays(path, _MOST_PART) as arrays:
            drawn = {key: arrays[key] for key in outputs}
            more = {key: arrays[f"{_MORE}{key}"] for key in more_names}
            name = os.fsencode(source).decode(errors="replace")
            return SampleGroup(name, *Samples.from_outputs(drawn), more)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is damaged; remove it and run again") from error
