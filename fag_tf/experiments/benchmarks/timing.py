"""Times of alternating calls, whose ratios are reliable on a busy machine too."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Timings", "interleave", "paired_ratio", "rounds_within", "seconds_of", "sum_of"]

Clock = Callable[[], float]


@dataclass(frozen=True)
class Timings:
    """Times of a call, in the order of the rounds.

    Attributes:
        seconds: time of each round, s.
    """

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median time, s."""
        return float(np.median(self.seconds))

    def percentile(self, share: float) -> float:
        """Percentile of the times, s; `share` is in percent."""
        return float(np.percentile(self.seconds, share))

    @property
    def spread(self) -> tuple[float, float] | None:
        """First and third quartile, s; None for a single round."""
        return (self.percentile(25), self.percentile(75)) if len(self.seconds) > 1 else None


def seconds_of(call: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    """Time of one call, s."""
    start = clock()
    call()
    return clock() - start


def interleave(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    warmup: int = 1,
    clock: Clock = time.perf_counter,
    repeated: bool = False,
) -> dict[str, Timings]:
    """Time several calls in turns: A B C, A B C and so on.

    Other work on the machine then affects all calls equally, and the n-th times form pairs.

    Args:
        calls: calls by name; each returns after its work is done.
        rounds: number of timed calls of each name.
        warmup: number of earlier calls of each name without timing, which include compilation.
        clock: returns the time, s.
        repeated: whether each timed call follows one of its own without timing, A A B B. It then
            finds the processor's caches as a program does that makes this call again and again.
    """
    for _ in range(warmup):
        for call in calls.values():
            call()
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            if repeated:
                call()
            spent[name].append(seconds_of(call, clock))
    return {name: Timings(tuple(seconds)) for name, seconds in spent.items()}


def paired_ratio(measured: Timings, reference: Timings) -> float:
    """Median over the rounds of the ratio of the two times in a round."""
    pairs = zip(measured.seconds, reference.seconds, strict=True)
    return float(np.median([ours / theirs for ours, theirs in pairs]))


def sum_of(timings: Sequence[Timings], factors: Sequence[float] | None = None) -> Timings:
    """Sum of the n-th times of several calls, each multiplied by its factor."""
    seconds = np.array([each.seconds for each in timings])
    return Timings(tuple((np.ones(len(seconds)) if factors is None else factors) @ seconds))


def rounds_within(
    budget: float,
    call: Callable[[], object],
    least: int = 3,
    most: int = 200,
    clock: Clock = time.perf_counter,
) -> int:
    """Number of rounds of a call that fit into a budget in seconds, from two trial calls."""
    call()
    return int(np.clip(budget / max(seconds_of(call, clock), 1e-9), least, most))
