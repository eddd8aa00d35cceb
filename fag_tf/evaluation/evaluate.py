"""Evaluation of a sampler against the truth of an environment, object by object."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.files import write_atomically
from fag_tf.environments.base import Environment, SampleFn
from fag_tf.environments.validation import (
    draw_states,
    evaluation_states,
    feasibility,
    observe,
    truth_of,
)
from fag_tf.errors import InputError
from fag_tf.evaluation.c2st import C2ST, uniform_feasible
from fag_tf.evaluation.metrics import Metrics, average, evaluate_samples, worst
from fag_tf.spaces import State

__all__ = [
    "CONTROL",
    "KEPT",
    "RAW",
    "READER",
    "READER_KEPT",
    "Evaluation",
    "Progress",
    "evaluate",
]

RAW = "raw"
KEPT = "kept"
CONTROL = "uniform"
READER = "reader"
READER_KEPT = "reader_kept"
KEEP_FROM = 0.5
"""A sample is kept if the critic's probability that it is feasible is at least this."""

C2ST_STATES = 8
"""Number of states that C2ST is measured on unless another is given."""

Row = dict[str, float]
Progress = Callable[[str, int, int], None]
"""Called with an object's name, and how many sets of samples are measured, of how many.

A set is the samples of one kind in one state.
"""


@dataclass(frozen=True)
class Evaluation:
    """The figures of one evaluation. `print` shows their means as a table.

    Attributes:
        environment: name of the environment.
        poses: number of states of each object.
        num_samples: number of samples of each state.
        k_coverage: number of samples that coverage uses.
        c2st_poses: number of states of each object that C2ST was measured on.
        seed: seed of all random numbers.
        keep_from: critic's probability from which a sample is kept.
        exact_checks: number of feasibility checks, including the checks of the control.
        rows: figures by kind of sample, then by object. A figure is the mean over the poses of the
            object; see `fag_tf.evaluation.metrics.Metrics`. The kinds are `RAW`, `KEPT` (with a
            critic), `READER` and `READER_KEPT` (with a reader), and `CONTROL`, samples uniform
            over the action space.
    """

    environment: str
    poses: int
    num_samples: int
    k_coverage: int
    c2st_poses: int
    seed: int
    keep_from: float
    exact_checks: int
    rows: Mapping[str, Mapping[str, Row]]

    @property
    def objects(self) -> tuple[str, ...]:
        """Names of the objects."""
        return tuple(self.rows[RAW])

    @property
    def mean(self) -> dict[str, Row]:
        """The mean of each figure over the objects, by kind of sample."""
        return {kind: average(rows.values()) for kind, rows in self.rows.items()}

    @property
    def worst(self) -> dict[str, Row]:
        """The worst value of each figure over the objects, by kind of sample."""
        return {kind: worst(rows.values()) for kind, rows in self.rows.items()}

    def __str__(self) -> str:
        """`mean` as a table: a line for each kind of sample, without figures that are undefined."""
        mean = self.mean
        names = [name for name in mean[RAW] if any(row[name] == row[name] for row in mean.values())]
        first = max(len(kind) for kind in mean)
        lines = ["  ".join([" " * first, *names])]
        for kind, row in mean.items():
            cells = [f"{row[name]:.3f}".rjust(len(name)) for name in names]
            lines.append("  ".join([kind.ljust(first), *cells]))
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Convert to plain values for JSON; an undefined figure becomes None."""
        values = {**vars(self), "mean": self.mean, "worst": self.worst}
        return {name: _without_nan(value) for name, value in values.items()}

    def write(self, path: str | Path) -> None:
        """Write `to_json` to a JSON file."""
        with write_atomically(path) as partial:
            partial.write_text(json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n")


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nan(entry) for name, entry in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value


def evaluate(
    environment: Environment,
    sampler: SampleFn,
    *,
    objects: Sequence[str] | None = None,
    poses: int = 8,
    num_samples: int = 4096,
    k_coverage: int = 1024,
    c2st_poses: int | None = None,
    seed: int = 0,
    reader: SampleFn | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Draw samples for the environment's evaluation states and check each of them exactly.

    If the environment cannot enumerate its truth, it draws the states itself, and only the
    feasible rate is measured. States and control depend only on `seed`, not on the sampler.

    Args:
        environment: gives the states, the truth and the labels.
        sampler: the sampler to evaluate.
        objects: names of the environment's objects; all objects if None.
        poses: number of states of each object.
        num_samples: number of samples of each state.
        k_coverage: number of samples that coverage uses, at most `num_samples`.
        c2st_poses: number of states of each object, the first ones, that C2ST is measured on: it
            takes 5 to 15 s for each of them and each kind of sample but the control. 0 leaves it
            out. If None, it is measured on `C2ST_STATES` states or a few more, shared evenly among
            the objects.
        seed: seed of the states, the samplers and the control.
        reader: second sampler to evaluate, for example from
            `Environment.reader`.
        progress: called after each set of samples.

    Raises:
        InputError: a number is not positive, an object is unknown, the sampler's result has the
            wrong shape, or the environment's states or truth are invalid.
    """
    for name, value in (("poses", poses), ("num_samples", num_samples), ("k_coverage", k_coverage)):
        if not isinstance(value, int | np.integer) or value < 1:
            raise InputError(f"{name} is {value!r:.100}, must be a whole number of at least 1")
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed is {seed!r:.100}, must be a whole number of at least 0")
    if c2st_poses is not None and (not isinstance(c2st_poses, int | np.integer) or c2st_poses < 0):
        raise InputError(
            f"c2st_poses is {c2st_poses!r:.100}, must be a whole number of at least 0, or None"
        )
    k_coverage = min(k_coverage, num_samples)
    states = _states(environment, np.random.default_rng([seed, 0]), poses, objects)
    enumerable = environment.offers("evaluation_states", "truth")
    if c2st_poses is None:
        c2st_poses = -(-C2ST_STATES // len(states))
    c2st_poses = min(c2st_poses, poses) if enumerable else 0
    rows: dict[str, dict[str, Row]] = {
        kind: {} for kind in (RAW, KEPT, READER, READER_KEPT, CONTROL)
    }
    checks = measured = 0
    for done, (name, posed) in enumerate(states.items()):
        rng = np.random.default_rng([seed, 1, done])
        control = environment.action_space.sample(rng, (len(posed), num_samples))
        draw_seed = int(rng.integers(2**31))
        observation = observe(environment, posed)
        drawn = {}
        for kind, kind_kept, asked in ((RAW, KEPT, sampler), (READER, READER_KEPT, reader)):
            if asked is None:
                continue
            answer = asked(observation, num_samples, draw_seed)
            actions, kept = _checked(answer, control.shape)
            feasible = feasibility(environment, posed, actions)
            drawn[kind] = (actions, feasible, np.ones(feasible.shape, dtype=bool))
            if kept is not None:
                drawn[kind_kept] = (actions, feasible, kept)
            checks += feasible.size
        control_feasible = feasibility(environment, posed, control)
        checks += control_feasible.size
        drawn[CONTROL] = (control, control_feasible, np.ones(control.shape[:2], dtype=bool))
        truths = [truth_of(environment, state) if enumerable else None for state in posed]
        tests = [
            C2ST(
                environment.action_space,
                uniform_feasible(environment, state, truth, np.random.default_rng([seed, 2, i])),
            )
            if truth is not None and i < c2st_poses
            else None
            for i, (state, truth) in enumerate(zip(posed, truths, strict=True))
        ]
        sets = len(drawn) * len(posed)
        for kind, (samples, labels, counted) in drawn.items():
            each: list[Metrics] = []
            for i, truth in enumerate(truths):
                found = evaluate_samples(
                    truth,
                    samples[i],
                    labels[i],
                    k_coverage=k_coverage,
                    rng=rng,
                    kept=counted[i],
                    # Feasible uniform actions are what it compares with.
                    two_sample_test=None if kind == CONTROL else tests[i],
                )
                each.append(found)
                measured += 1
                if progress is not None:
                    progress(name, measured, sets * len(states))
            rows[kind][name] = average(each)
    return Evaluation(
        environment=environment.name,
        poses=poses,
        num_samples=num_samples,
        k_coverage=k_coverage,
        c2st_poses=c2st_poses,
        seed=seed,
        keep_from=KEEP_FROM,
        exact_checks=checks,
        rows={kind: by_object for kind, by_object in rows.items() if by_object},
    )


def _states(
    environment: Environment,
    rng: np.random.Generator,
    poses: int,
    objects: Sequence[str] | None,
) -> dict[str, list[State]]:
    if environment.offers("evaluation_states", "truth"):
        return evaluation_states(environment, rng, poses, objects)
    if objects is not None:
        raise InputError(
            f"environment {environment.name!r} has no named objects, got {list(objects)}; name none"
        )
    return {environment.name: draw_states(environment, rng, poses)}


def _checked(
    answer: tuple[NDArray[Any], NDArray[Any] | None], shape: tuple[int, ...]
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Check the shapes of a sampler's result; give its actions and which of them are kept."""
    actions = np.asarray(answer[0])
    if actions.shape != shape:
        raise InputError(f"the sampler gave actions of shape {actions.shape}, must be {shape}")
    if answer[1] is None:
        return actions, None
    probability = np.asarray(answer[1])
    if probability.shape != shape[:2]:
        raise InputError(
            f"the sampler gave feasibility of shape {probability.shape}, must be {shape[:2]}"
        )
    return actions, probability >= KEEP_FROM
