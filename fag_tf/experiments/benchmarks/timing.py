"""Times of calls that take turns, so that their ratios hold on a machine that is not quiet."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Timings", "interleave", "paired_ratio", "rounds_within", "seconds_of", "sum_of"]

Clock = Callable[[], float]


@dataclass(frozen=True)
class Timings:
    """Seconds that a call took, in the order of the rounds.

    Attributes:
        seconds: one for each round.
    """

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one, s."""
        return float(np.median(self.seconds))

    def percentile(self, share: float) -> float:
        """What that share of the rounds, in percent, does not exceed, s."""
        return float(np.percentile(self.seconds, share))

    @property
    def spread(self) -> tuple[float, float] | None:
        """First and third quartile, s; None of a single round."""
        return (self.percentile(25), self.percentile(75)) if len(self.seconds) > 1 else None


def seconds_of(call: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    """How long one call takes, s."""
    start = clock()
    call()
    return clock() - start


def interleave(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    warmup: int = 1,
    clock: Clock = time.perf_counter,
) -> dict[str, Timings]:
    """Time several calls in turns: A B C, A B C and so on.

    What else the machine does then falls on all alike, and the n-th times belong together.

    Args:
        calls: by name; each returns once its work is done.
        rounds: how often each is timed.
        warmup: how often each is called before, untimed: whatever compiles compiles there.
        clock: gives seconds.
    """
    for _ in range(warmup):
        for call in calls.values():
            call()
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            spent[name].append(seconds_of(call, clock))
    return {name: Timings(tuple(seconds)) for name, seconds in spent.items()}


def paired_ratio(measured: Timings, reference: Timings) -> float:
    """Median over the rounds of the ratio of their times in the same round."""
    pairs = zip(measured.seconds, reference.seconds, strict=True)
    return float(np.median([ours / theirs for ours, theirs in pairs]))


def sum_of(timings: Sequence[Timings], factors: Sequence[float] | None = None) -> Timings:
    """The n-th times of several calls together, each with its factor."""
    seconds = np.array([each.seconds for each in timings])
    return Timings(tuple((np.ones(len(seconds)) if factors is None else factors) @ seconds))


def rounds_within(
    budget: float,
    call: Callable[[], object],
    least: int = 3,
    most: int = 200,
    clock: Clock = time.perf_counter,
) -> int:
    """How many rounds of a call fit into a budget of seconds; the call is made twice to see."""
    call()
    return int(np.clip(budget / max(seconds_of(call, clock), 1e-9), least, most))
