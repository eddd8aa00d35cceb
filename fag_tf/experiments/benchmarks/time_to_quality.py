"""Training time to a given quality on the test objects, for the default and the plain recipe."""

import dataclasses
import time
from collections.abc import Callable
from typing import NamedTuple

from fag_tf.environments.registry import make_environment
from fag_tf.evaluation.evaluate import RAW, evaluate
from fag_tf.experiments.benchmarks.models import trained_config
from fag_tf.experiments.benchmarks.plain_recipe import plain_config, plain_trainer
from fag_tf.experiments.benchmarks.registry import Conditions
from fag_tf.experiments.benchmarks.results import Figure, NotMeasuredError, Target
from fag_tf.experiments.benchmarks.timing import Clock
from fag_tf.experiments.benchmarks.training_step import quick_config
from fag_tf.networks.policy import Policy
from fag_tf.training.build import build_trainer
from fag_tf.training.trainer import Trainer

__all__ = ["FEASIBLE_RATE", "MODE_RECALL", "Reached", "measure", "train_until"]

FEASIBLE_RATE = 0.6
MODE_RECALL = 0.9
"""Target quality of all samples, as means over the test objects."""

_EVERY = 100  # steps between two evaluations
_LONGER = 20  # factor of the default number of steps for the plain recipe
_POSES, _SAMPLES = 2, 1024


class Reached(NamedTuple):
    """Result of a training.

    Attributes:
        seconds: time of training without evaluations, s.
        steps: number of learning steps.
        good: whether the quality was reached before time or steps ended.
    """

    seconds: float
    steps: int
    good: bool


def train_until(
    trainer: Trainer,
    good: Callable[[], bool],
    limit: float,
    every: int = _EVERY,
    clock: Clock = time.perf_counter,
) -> Reached:
    """Train until the quality is reached or the time is over.

    The time of quality checks does not count.

    Args:
        trainer: a trainer at its start.
        good: returns whether the quality is reached.
        limit: longest training time, s.
        every: number of steps between two quality checks.
        clock: returns the time, s.
    """
    start, asking, is_good = clock(), 0.0, False

    def stop() -> bool:
        nonlocal asking, is_good
        if trainer.step % every == 0 or trainer.step == trainer.config.trainer.steps:
            asked = clock()
            is_good = good()
            asking += clock() - asked
        return is_good or clock() - start - asking > limit

    trainer.run(stop=stop)
    return Reached(clock() - start - asking, trainer.step, is_good)


class _Quality:
    """Checks whether a trainer's averaged actor has the quality; compiles the policy once."""

    def __init__(self, trainer: Trainer, tell: Callable[[str], None], samples: int) -> None:
        self._trainer, self._tell, self._samples = trainer, tell, samples
        # The trainer's own environment may be in use by the collecting thread.
        config = trainer.config
        self._environment = make_environment(config.env, config.env_options)
        learner = trainer.learner
        self._policy = Policy.configured(
            learner.averaged_actor, learner.averaged_critic, trainer.config.policy
        )

    def __call__(self) -> bool:
        evaluation = evaluate(
            self._environment,
            self._policy,
            poses=_POSES,
            num_samples=self._samples,
            c2st_poses=0,
        )
        mean = evaluation.mean[RAW]
        rate, recall = mean["feasible_rate"], mean["mode_recall"]
        self._tell(f"step {self._trainer.step}: feasible {rate:.2f}, recall {recall:.2f}")
        return rate >= FEASIBLE_RATE and recall >= MODE_RECALL


def measure(conditions: Conditions) -> list[Figure]:
    """Measure the figures of this benchmark."""
    config = trained_config(conditions.model)
    longer, every, samples = _LONGER, _EVERY, _SAMPLES
    if conditions.quick:
        config = quick_config(config)
        config = dataclasses.replace(config, trainer=dataclasses.replace(config.trainer, steps=4))
        longer, every, samples = 1, 2, 64
    limit = 60.0 * conditions.minutes
    trainer = build_trainer(config)
    if not trainer.environment.offers("evaluation_states", "truth"):
        raise NotMeasuredError(f"environment {config.env!r} lists not what is feasible")
    conditions.tell("the default recipe")
    quality = _Quality(trainer, conditions.tell, samples)
    ours = train_until(trainer, quality, limit, every)
    conditions.tell(f"the plain recipe, at most {conditions.minutes:g} minutes")
    plain = plain_trainer(plain_config(config, longer))
    theirs = train_until(plain, _Quality(plain, conditions.tell, samples), limit, every)
    ended = "" if theirs.good else f", not reached after {theirs.steps} steps"
    what = f"training to feasible {FEASIBLE_RATE:g} and recall {MODE_RECALL:g}"
    if not ours.good:
        what += f": not reached after {ours.steps} steps"
    return [
        Figure(
            what,
            ours.seconds,
            "s",
            against=f"plain recipe{ended}",
            reference=theirs.seconds,
            ratio=ours.seconds / theirs.seconds,
            target=Target(0.1) if ours.good else None,
        )
    ]
