"""Feasible actions a second: saved model, rejection sampling and a search on its critic.

The exact check counts all feasible actions. A rate stands for equally many feasible actions of each
test object. It is the harmonic mean of the objects' rates, so that easy objects do not hide
difficult ones.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.deployment.finetuning import load_weights
from fag_tf.deployment.sampler import SavedModel, load_model
from fag_tf.environments.validation import feasibility, observe
from fag_tf.experiments.benchmarks.models import (
    OffersPlainAlternatives,
    searched_at_random,
    trained_config,
    trained_environment,
    trial_states,
)
from fag_tf.experiments.benchmarks.registry import Conditions
from fag_tf.experiments.benchmarks.results import Figure, NotMeasuredError, Target
from fag_tf.experiments.benchmarks.timing import Timings, interleave
from fag_tf.networks.base import as_tensors
from fag_tf.spaces import Observation, State
from fag_tf.training.baselines.critic_search import CrossEntropySearch
from fag_tf.training.build import build_learner

__all__ = ["harmonic_rates", "measure"]

_SAMPLES = 4096
_TRIED = 65536
_PLAIN_SHARE = 16  # divisor of the number of actions for the slow plain check
_SEARCHES = 128
_ROUNDS = 5

# Function from the number of the call, which is the seed, to actions `[n, A]` of one state.
Draw = Callable[[int], NDArray[Any]]


def measure(conditions: Conditions) -> list[Figure]:
    """Measure the figures of this benchmark."""
    environment = trained_environment(conditions.model)
    if not isinstance(environment, OffersPlainAlternatives):
        raise NotMeasuredError(f"environment {environment.name!r} says not where to search")
    samples, tried, searches, rounds = _SAMPLES, _TRIED, _SEARCHES, _ROUNDS
    if conditions.quick:
        samples, tried, searches, rounds = 64, 1024, 4, 2
    sampler = load_model(conditions.model)
    search = _search(conditions)
    found: dict[str, list[tuple[float, Timings]]] = {}
    for state in trial_states(environment).values():
        at_random = _at_random(environment, state, tried)
        few_at_random = _at_random(environment, state, tried // _PLAIN_SHARE)
        by_model = _by_model(sampler, observe(environment, [state]), samples)
        by_search = _by_search(search, observe(environment, [state]), searches)
        runs = {
            "model": _Run(environment, state, by_model, verify=False),
            "verified": _Run(environment, state, by_model, verify=True),
            "rejection": _Run(environment, state, at_random, verify=True),
            "search": _Run(environment, state, by_search, verify=False),
            "plain rejection": _PlainRun(environment, state, few_at_random, verify=True),
        }
        spent = interleave(runs, rounds)
        for name, timings in spent.items():
            found.setdefault(name, []).append((runs[name].mean_feasible(), timings))
    rates = {name: harmonic_rates(of_objects) for name, of_objects in found.items()}
    return _figures(rates, len(found["model"]))


def _figures(rates: dict[str, NDArray[np.float64]], objects: int) -> list[Figure]:
    alternatives = {
        "rejection": ("rejection in the object's bounding square", 5.0),
        "search": ("cross-entropy search on the critic", 20.0),
        "plain rejection": ("the same rejection by the plain check", 300.0),
    }
    figures = []
    for name, what in (("model", "unverified"), ("verified", "each verified")):
        for other, (against, least) in alternatives.items():
            target = Target(least, most=False) if name == "model" and least else None
            reference = float(np.median(rates[other]))
            low, middle, high = np.percentile(rates[name], [25, 50, 75])
            figures.append(
                Figure(
                    f"feasible actions, {objects} objects, {what}",
                    float(middle),
                    "1/s",
                    (float(low), float(high)),
                    against,
                    reference,
                    float(np.median(rates[name] / rates[other])) if reference else None,
                    target,
                )
            )
    return figures


def harmonic_rates(of_objects: Sequence[tuple[float, Timings]]) -> NDArray[np.float64]:
    """Feasible actions a second in each round `[rounds]`, with equally many of each object.

    The rate is 0 if an object has no feasible action.

    Args:
        of_objects: number of feasible actions of a call and times of the calls, for each object.
    """
    waits = [
        np.array(timings.seconds) / feasible if feasible else np.full(len(timings.seconds), np.inf)
        for feasible, timings in of_objects
    ]
    return np.asarray(len(waits) / np.sum(waits, axis=0))


class _Run:
    """Draws actions, checks them if verification is requested, and counts feasible actions."""

    def __init__(self, environment: Any, state: State, draw: Draw, verify: bool) -> None:
        self._environment, self._state = environment, state
        self._draw, self._verify = draw, verify
        self._drawn: list[NDArray[Any]] = []
        self._feasible: list[int] = []

    def __call__(self) -> None:
        actions = self._draw(len(self._drawn))
        self._drawn.append(actions)
        if self._verify:
            self._check(actions)

    def _check(self, actions: NDArray[Any]) -> None:
        labels = feasibility(self._environment, [self._state], actions[None])
        self._feasible.append(int(labels.sum()))

    def mean_feasible(self) -> float:
        """Mean number of feasible actions of a call."""
        for actions in self._drawn[len(self._feasible) :]:
            self._check(actions)
        return float(np.mean(self._feasible))


class _PlainRun(_Run):
    """A run with the plain check."""

    def _check(self, actions: NDArray[Any]) -> None:
        labels = self._environment.plain_feasibility([self._state], actions[None])
        self._feasible.append(int(labels.sum()))


def _at_random(environment: OffersPlainAlternatives, state: State, number: int) -> Draw:
    return lambda turn: searched_at_random(environment, state, np.random.default_rng(turn), number)


def _by_model(sampler: SavedModel, observation: Observation, number: int) -> Draw:
    return lambda turn: sampler.sample(observation, number, turn)[0][0]


def _by_search(search: Any, observation: Observation, number: int) -> Draw:
    seen = as_tensors(observation)

    def draw(turn: int) -> NDArray[Any]:
        drawn: NDArray[Any] = search(seen, number, tf.constant([turn, 0])).numpy()[0]
        return drawn

    return draw


def _search(conditions: Conditions) -> Any:
    """The cross-entropy method on the saved model's critic, compiled."""
    config = trained_config(conditions.model)
    environment = trained_environment(conditions.model)
    learner = build_learner(config, environment)
    load_weights(learner, conditions.model)
    method = CrossEntropySearch(environment.action_space, learner.averaged_critic)
    return tf.function(method.generate, jit_compile=not conditions.quick, autograph=False)
