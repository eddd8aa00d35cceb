"""Sources that end the processes that draw them: counted over a Ray cluster, and given up by name.

Ray repeats what was lost with a process, for ever if need be. A source on which every process ends,
for example because it needs more memory than there is, would hold up the end of a job.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fag_tf.deployment.sample_groups import SampleGroup
from fag_tf.parallel.worker_pool import Refusal

__all__ = ["MOST_ENDED", "Attempts", "attempts", "draw_counted"]

MOST_ENDED = 3
"""Processes that may end on a source before it is given up; nodes are lost for other reasons too.
"""

DrawFn = Callable[[Sequence[str]], Mapping[str, SampleGroup | Refusal]]


class Attempts:
    """Counts, for each source, the attempts that have begun and not come back."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def begin(self, sources: Sequence[str]) -> list[int]:
        """How many attempts at each have not come back. If none has, another at all begins."""
        before = [self._open[source] for source in sources]
        if not any(before):
            self._open.update(sources)
        return before

    def begin_one(self, source: str) -> int:
        """How many attempts at a source have not come back. If it may have another, that begins."""
        before = self._open[source]
        if before < MOST_ENDED:
            self._open[source] += 1
        return before

    def end(self, sources: Sequence[str]) -> None:
        """An attempt at these came back: whatever earlier ones ended of, it was not they."""
        for source in sources:
            self._open.pop(source, None)


def attempts() -> Any:
    """Ray's handle of new counts, which live on the node of this process."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(num_cpus=0, scheduling_strategy=here)(Attempts).remote()


def draw_counted(
    sources: Sequence[str], draw: DrawFn, counts: Any
) -> dict[str, SampleGroup | Refusal]:
    """Draw sources together; one by one if an earlier attempt at any of them did not come back.

    Args:
        sources: what is drawn.
        draw: draws them, as `SourceSampler.draw` does.
        counts: Ray's handle of an `Attempts`.
    """
    import ray

    lost = ray.get(counts.begin.remote(sources))
    if not any(lost):
        found = dict(draw(sources))
        ray.get(counts.end.remote(sources))
        return found
    found = {}
    for source in sources:
        ended = ray.get(counts.begin_one.remote(source))
        if ended >= MOST_ENDED:
            found[source] = Refusal(
                f"{source}: {ended} processes have ended while they drew it, so it is given up"
            )
            continue
        found |= draw([source])
        ray.get(counts.end.remote([source]))
    return found
