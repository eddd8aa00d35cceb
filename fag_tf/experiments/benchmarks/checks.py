"""Speed of the environment's exact check, compared with a plain form of the rules."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.validation import feasibility
from fag_tf.experiments.benchmarks.models import (
    OffersPlainAlternatives,
    searched_at_random,
    trained_environment,
    trial_states,
)
from fag_tf.experiments.benchmarks.registry import Conditions
from fag_tf.experiments.benchmarks.results import Figure, NotMeasuredError, Target, rate_figure
from fag_tf.experiments.benchmarks.timing import Timings, interleave, sum_of

__all__ = ["measure"]

_ACTIONS = 4096
_ROUNDS = 5


def measure(conditions: Conditions) -> list[Figure]:
    """Measure the figures of this benchmark."""
    environment = trained_environment(conditions.model)
    if not isinstance(environment, OffersPlainAlternatives):
        raise NotMeasuredError(f"environment {environment.name!r} offers no plain check")
    number, rounds = (64, 2) if conditions.quick else (_ACTIONS, _ROUNDS)
    rng = np.random.default_rng(0)
    ours: list[Timings] = []
    plain: list[Timings] = []
    same = 0
    states = list(trial_states(environment).values())
    for state in states:
        actions = searched_at_random(environment, state, rng, number)[None]
        calls = {
            "ours": _Remembering(feasibility, environment, [state], actions),
            "plain": _Remembering(environment.plain_feasibility, [state], actions),
        }
        spent = interleave(calls, rounds)
        ours.append(spent["ours"])
        plain.append(spent["plain"])
        same += int((calls["ours"].result == calls["plain"].result).sum())
    asked = number * len(states)
    what = f"exact checks, {len(states)} objects"
    return [
        rate_figure(
            what,
            asked,
            sum_of(ours),
            "1/s",
            "plain overlays, a call a rule",
            (asked, sum_of(plain)),
            Target(4.0, most=False),
        ),
        Figure(
            f"{what}: share of same answers",
            same / asked,
            "1",
            target=Target(1.0, most=False, of="value"),
        ),
    ]


class _Remembering:
    """A call that keeps its last result."""

    def __init__(self, call: Callable[..., NDArray[np.bool_]], *arguments: Any) -> None:
        self._call, self._arguments = call, arguments
        self.result = np.empty(0, bool)

    def __call__(self) -> None:
        self.result = self._call(*self._arguments)
