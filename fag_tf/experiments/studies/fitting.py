"""Fits of methods and their cost; runs that need equal training share one actor."""

import gc
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fag_tf.config.networks import PolicyConfig
from fag_tf.config.parsing import config_to_dict
from fag_tf.config.schema import Config
from fag_tf.experiments.studies.peak_memory import PeakMemory

if TYPE_CHECKING:
    from fag_tf.training.baselines.fitted import Fitted

__all__ = ["Cost", "Fits", "training_key"]

CHOICE = (
    "num_candidates",
    "num_initial_candidates",
    "sharpness",
    "num_looks",
    "uniform_look_share",
    "look_sharpness",
)
"""Options of the policy that do not affect training."""


@dataclass(frozen=True)
class Cost:
    """Cost of a fit.

    Attributes:
        seconds: wall-clock time, s.
        cpu_seconds: processor time, s, which other work on the machine does not increase.
        megabytes: additional memory at the peak, 10^6 bytes; None if the system does not report it.
    """

    seconds: float
    cpu_seconds: float
    megabytes: float | None


class Fits:
    """Fits methods, and keeps the last actor for runs that differ only in the choice of samples.

    Such a run gets the same actor, to the bit, as from its own training. Its cost is the cost of
    the shared training.
    """

    def __init__(self) -> None:
        self._key = ""
        self._kept: tuple[Fitted, Cost] | None = None

    def fit(self, method: str, config: Config) -> tuple["Fitted", Cost]:
        """Fit a method.

        Arguments and errors are those of `fag_tf.training.baselines.registry.fit_method`.
        """
        key = training_key(config)
        if method == "actor" and self._kept is not None and key == self._key:
            fitted, cost = self._kept
            return _choosing(fitted, config.policy), cost
        self._kept = None
        gc.collect()  # else the memory of the discarded fit would hide that of this one
        fit = _fit(method, config)
        if method == "actor":
            self._key, self._kept = key, fit
        return fit


def training_key(config: Config) -> str:
    """Text that is the same for configurations whose actor is trained alike."""
    plain = config_to_dict(config)
    plain["policy"] = {name: value for name, value in plain["policy"].items() if name not in CHOICE}
    return json.dumps(plain, sort_keys=True)


def _choosing(fitted: "Fitted", choice: PolicyConfig) -> "Fitted":
    from fag_tf.networks.policy import Policy

    trained = fitted.sampler
    assert isinstance(trained, Policy)
    return replace(fitted, sampler=Policy.configured(trained.actor, trained.critic, choice))


def _fit(method: str, config: Config) -> tuple["Fitted", Cost]:
    from fag_tf.training.baselines.registry import fit_method

    memory = PeakMemory()
    started, started_cpu = time.perf_counter(), time.process_time()
    fitted = fit_method(method, config)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    return fitted, Cost(seconds, cpu_seconds, memory.megabytes())
