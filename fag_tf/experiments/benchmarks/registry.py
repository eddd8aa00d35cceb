"""The benchmarks by name; each module is loaded when it is run."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fag_tf.errors import InputError
from fag_tf.experiments.benchmarks.results import Figure, NotMeasuredError

__all__ = ["BENCHMARKS", "Benchmark", "Conditions", "choose", "measure"]


@dataclass(frozen=True)
class Conditions:
    """Common conditions of all benchmarks.

    Attributes:
        model: directory of the saved model.
        quick: whether to use very small sizes, which only show that everything works and give no
            meaningful figures.
        minutes: longest training time of the plain recipe, min.
        figure: file for the figure of growing cost; None draws no figure.
        tell: called with a line of text about the progress.
        beside: directory of another saved model, which `latency` measures in the same rounds.
    """

    model: Path
    quick: bool = False
    minutes: float = 120.0
    figure: Path | None = None
    tell: Callable[[str], None] = lambda _: None
    beside: Path | None = None


class Benchmark(NamedTuple):
    """An entry of the registry; `measure(conditions)` of its module returns the figures.

    Attributes:
        module: name of the module in `fag_tf.experiments.benchmarks`.
        about: one line on what the benchmark measures.
        long: whether the benchmark runs only on request.
    """

    module: str
    about: str
    long: bool = False


BENCHMARKS = {
    "kernels": Benchmark("kernel_speed", "kernel mixture, forward and backward"),
    "kernel-memory": Benchmark("kernel_memory", "its memory at many samples"),
    "training-step": Benchmark("training_step", "one whole training step"),
    "checks": Benchmark("checks", "the environment's exact check"),
    "latency": Benchmark("latency", "sampling from the saved model"),
    "feasible-grasps": Benchmark("feasible_rate", "feasible actions a second"),
    "cold-start": Benchmark("cold_start", "`fag-tf sample` from a cold start"),
    "growth": Benchmark("growth", "how time and memory grow", long=True),
    "time-to-quality": Benchmark("time_to_quality", "training to a fixed quality", long=True),
}


def choose(only: Sequence[str], long: bool = False, drawn: bool = False) -> list[str]:
    """Names of the benchmarks to run, in the order of the registry.

    Args:
        only: requested names; an empty sequence stands for all benchmarks except the long ones.
        long: whether an empty `only` includes the long benchmarks.
        drawn: whether to include `growth` in any case, because its figure is requested.

    Raises:
        InputError: there is no benchmark of a given name.
    """
    for name in only:
        if name not in BENCHMARKS:
            raise InputError(f"no benchmark is called {name!r}; there are {', '.join(BENCHMARKS)}")
    return [
        name
        for name, benchmark in BENCHMARKS.items()
        if (name in only if only else long or not benchmark.long) or (drawn and name == "growth")
    ]


def measure(names: Sequence[str], conditions: Conditions) -> Iterator[tuple[str, list[Figure]]]:
    """Run benchmarks one after the other; report and skip those that cannot run here.

    Raises:
        InputError: no benchmark could run, or the model is not usable.
    """
    reasons = []
    for name in names:
        conditions.tell(f"{name}: {BENCHMARKS[name].about} ...")
        module = importlib.import_module(f"fag_tf.experiments.benchmarks.{BENCHMARKS[name].module}")
        try:
            figures = module.measure(conditions)
        except NotMeasuredError as error:
            conditions.tell(f"{name} left out: {error}")
            reasons.append(f"{name}: {error}")
            continue
        yield name, figures
    if len(reasons) == len(names):
        raise InputError("; ".join(reasons))
