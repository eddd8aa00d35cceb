"""Sampling time of the saved model, in ONNX Runtime and as a SavedModel, and beside another one.

Each timed call follows an equal one, as where samples are drawn again and again.
"""

from collections.abc import Callable, Mapping

import numpy as np

from fag_tf.deployment.sampler import SavedModel, load_model
from fag_tf.environments.validation import observe
from fag_tf.experiments.benchmarks.models import trained_environment, trial_states
from fag_tf.experiments.benchmarks.registry import Conditions
from fag_tf.experiments.benchmarks.results import Figure, Target, time_figure
from fag_tf.experiments.benchmarks.timing import Timings, interleave, rounds_within
from fag_tf.spaces import Observation

__all__ = ["measure"]

SIZES = ((1, 256), (1, 4096), (64, 1024))
QUICK_SIZES = ((1, 4), (1, 16), (2, 8))
TARGETS = {(1, 256): Target(3.0, of="value")}
BESIDE_TARGETS = {
    (1, 256): Target(1 / 15),
    (1, 4096): Target(1 / 100),
    (64, 1024): Target(1 / 40),
}
"""Of the time of the first release's model, which the repository keeps for this comparison."""

BESIDE = "ONNX Runtime, the model beside"
_BUDGET = 15.0  # time for each size, s


def measure(conditions: Conditions) -> list[Figure]:
    """Measure the figures of this benchmark."""
    samplers = {
        "ONNX Runtime": load_model(conditions.model, "onnx"),
        "SavedModel": load_model(conditions.model, "savedmodel"),
    }
    if conditions.beside is not None:
        samplers[BESIDE] = load_model(conditions.beside, "onnx")
    environment = trained_environment(conditions.model)
    states = list(trial_states(environment).values())
    figures = []
    spent: dict[tuple[int, int], dict[str, Timings]] = {}
    for size in QUICK_SIZES if conditions.quick else SIZES:
        batch, number = size
        observation = observe(environment, [states[i % len(states)] for i in range(batch)])
        calls = {name: _call(each, observation, number) for name, each in samplers.items()}
        rounds = 3 if conditions.quick else rounds_within(_BUDGET / 2, _all(calls), 3, 400)
        spent[size] = interleave(calls, rounds, repeated=True)
        figures += _of_size(size, spent[size])
    return [*figures, _of_one_more(spent)]


def _all(calls: Mapping[str, Callable[[], object]]) -> Callable[[], object]:
    return lambda: [call() for call in calls.values()]


def _call(sampler: SavedModel, observation: Observation, number: int) -> Callable[[], object]:
    return lambda: sampler.sample(observation, number, 0)


def _of_size(size: tuple[int, int], spent: dict[str, Timings]) -> list[Figure]:
    onnx, saved, beside = spent["ONNX Runtime"], spent["SavedModel"], spent.get(BESIDE)
    what = f"sampling, {size[0]} x {size[1]}"
    rounds = len(onnx.seconds)
    worst = [
        time_figure(f"{what}, {name}, p99 of {rounds}", Timings((timings.percentile(99),)))
        for name, timings in spent.items()
    ]
    return [
        time_figure(f"{what}, ONNX Runtime, p50", onnx, target=TARGETS.get(size)),
        time_figure(f"{what}, SavedModel, p50", saved, against="ONNX Runtime", reference=onnx),
        *worst,
        *([] if beside is None else [_of_both(f"{what}, ONNX Runtime, p50", onnx, beside, size)]),
    ]


def _of_both(what: str, ours: Timings, beside: Timings, size: tuple[int, int]) -> Figure:
    target = BESIDE_TARGETS.get(size)
    return time_figure(what, ours, against="the model beside", reference=beside, target=target)


def _of_one_more(spent: dict[tuple[int, int], dict[str, Timings]]) -> Figure:
    """Time of one additional action, without the picture, which is encoded only once."""
    (few, some), (many, others) = [
        (number, timings["ONNX Runtime"])
        for (batch, number), timings in spent.items()
        if batch == 1
    ]
    pairs = zip(some.seconds, others.seconds, strict=False)
    each = [1e6 * (more - less) / (many - few) for less, more in pairs]
    whole = 1e6 * some.median / few
    low, middle, high = np.percentile(each, [25, 50, 75])
    return Figure(
        "sampling, one action more, ONNX Runtime",
        float(middle),
        "us",
        (float(low), float(high)),
        against=f"each of {few}, the picture shared among them",
        reference=whole,
        ratio=float(middle) / whole,
    )
