"""One run of a study: fit the method of its case, evaluate it and collect the figures."""

import gc
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from fag_tf.config.parsing import config_from_dict
from fag_tf.environments.base import Environment, SampleFn
from fag_tf.environments.registry import make_environment
from fag_tf.environments.validation import evaluation_states, feasibility, observe, truth_of
from fag_tf.errors import TrainingFailedError
from fag_tf.evaluation.evaluate import KEPT, RAW, evaluate
from fag_tf.experiments.studies.controls import CONTROLS, RememberingEnvironment, make_control
from fag_tf.experiments.studies.fitting import Cost, Fits
from fag_tf.experiments.studies.plan import StudyRun
from fag_tf.training.baselines.rejection import ExactRejection

if TYPE_CHECKING:
    from fag_tf.networks.base import Critic

__all__ = ["REJECTION", "critic_figures", "execute"]

REJECTION = "exact rejection"
"""The method that checks each sample with the environment, and therefore needs its states."""

NEAR = 0.1
"""Standard deviation, in half-ranges, of the critic's test actions around the feasible set."""

TRIED = 1024

_FITS = Fits()


def execute(run: StudyRun, fits: Fits = _FITS) -> dict[str, Any]:
    """Execute one run.

    Args:
        run: run of a study.
        fits: earlier fits that can be reused; by default the fits of this process.

    Returns:
        Plain values, as `_execute` returns them. If training fails, the result has no figures, and
        its `failure` gives the reason.

    Raises:
        InputError: the environment cannot be made, or has no truth although the run needs it.
    """
    started = time.perf_counter()
    try:
        return _execute(run, fits)
    except TrainingFailedError as error:
        seconds = {"fit": time.perf_counter() - started, "evaluate": 0.0}
        none: dict[str, float] = {}
        return {
            "run": asdict(run),
            "figures": none,
            "failure": str(error),
            "interactions": None,
            "seconds": seconds,
        }
    finally:
        _forget_networks()


def _execute(run: StudyRun, fits: Fits) -> dict[str, Any]:
    """Execute one run.

    Returns:
        Plain values: the run, its `figures`, its interactions, the seconds and the memory of
        fitting as in `Cost`, and the seconds of evaluation. `figures` holds the mean of each
        defined figure over the environment's objects, and the figures of the critic if there is a
        critic.
    """
    config = config_from_dict(run.config)
    environment = RememberingEnvironment(make_environment(run.place.name, run.place.options))
    critic, interactions, rejection, cost = None, 0, None, Cost(0.0, 0.0, None)
    report: Mapping[str, float] = {}
    sampler: SampleFn
    if run.method in CONTROLS:
        sampler = make_control(run.method, environment)
    elif run.method == REJECTION:
        sampler = rejection = ExactRejection(environment)
    else:
        fitted, cost = fits.fit(run.method, config)
        sampler, interactions, critic = fitted.sampler, fitted.interactions, fitted.critic
        report = fitted.report
    evaluated = {**asdict(run.evaluated), "seed": run.evaluated.seed + run.seed}
    started = time.perf_counter()
    evaluation = evaluate(environment, sampler, **evaluated)
    evaluated_in = time.perf_counter() - started
    mean = evaluation.mean
    figures = {name: mean[RAW][name] for name in mean[RAW] if name != "kept"}
    if KEPT in mean and critic is not None:
        figures |= critic_figures(environment, critic, evaluated["poses"], evaluated["seed"])
        believed = [row["kept"] for row in evaluation.rows[KEPT].values()]
        right = [row["feasible_rate"] for row in evaluation.rows[KEPT].values()]
        wrong = [
            share * (1.0 - (0.0 if np.isnan(rate) else rate))
            for share, rate in zip(believed, right, strict=True)
        ]
        figures["exploited"] = float(np.mean(wrong))
        figures["kept_feasible_rate"] = mean[KEPT]["feasible_rate"]
    if "effective_samples" in report:
        figures["effective_samples"] = report["effective_samples"]
    if rejection is not None:
        figures["checks_per_sample"] = rejection.checks / rejection.samples
    return {
        "run": asdict(run),
        "figures": {name: value for name, value in figures.items() if not np.isnan(value)},
        "interactions": interactions,
        "peak_megabytes": cost.megabytes,
        "seconds": {
            "fit": cost.seconds,
            "fit_cpu": cost.cpu_seconds,
            "evaluate": evaluated_in,
        },
    }


def _forget_networks() -> None:
    """Release the graphs of a finished run, because hundreds of runs share a process."""
    import sys

    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
    gc.collect()


def critic_figures(
    environment: Environment, critic: "Critic", poses: int, seed: int
) -> dict[str, float]:
    """Measure the errors of a critic near the boundary of the feasible set, in unseen states.

    The test actions are samples of the truth plus noise of standard deviation `NEAR`. About half of
    them are feasible.

    Returns:
        `critic_accuracy`; `critic_false_positives`, the share of infeasible actions that the critic
        calls feasible; `critic_false_negatives`, the share of feasible actions that the critic
        calls infeasible. The result is empty for an environment without truth.
    """
    import tensorflow as tf

    if not environment.offers("evaluation_states", "truth"):
        return {}
    rng = np.random.default_rng([seed, 2])
    space = environment.action_space
    rows = []
    for states in evaluation_states(environment, rng, poses).values():
        for state in states:
            truth = truth_of(environment, state)
            if truth.is_empty:
                continue
            noise = NEAR * space.half_range * rng.standard_normal((TRIED, space.dim))
            near = space.wrap((truth.sample(rng, TRIED) + noise).astype(np.float32))
            near = np.clip(near, space.low, space.high).astype(np.float32)[None]
            labels = feasibility(environment, [state], near)[0]
            seen = {
                name: tf.constant(array) for name, array in observe(environment, [state]).items()
            }
            believed = critic(seen, tf.constant(near)).numpy()[0] > 0.0
            rows.append((believed == labels, believed & ~labels, ~labels, ~believed & labels))
    if not rows:
        return {}
    right, false_yes, no, false_no = (np.concatenate(part) for part in zip(*rows, strict=True))
    return {
        "critic_accuracy": float(right.mean()),
        "critic_false_positives": float(false_yes.sum() / max(no.sum(), 1)),
        "critic_false_negatives": float(false_no.sum() / max((~no).sum(), 1)),
    }
