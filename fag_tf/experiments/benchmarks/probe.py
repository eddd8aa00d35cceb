"""Time and peak memory of one size in a new process, because processes keep their memory.

The following command prints a line of JSON:
`python -m fag_tf.experiments.benchmarks.probe '{"what": "kernel", "supports": 1024}'`.
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fag_tf.errors import InputError
from fag_tf.experiments.benchmarks.timing import seconds_of

__all__ = ["Probe", "growth_exponent", "probe"]

_CALLS = 3
_STATUS = Path("/proc/self/status")


class Probe(NamedTuple):
    """Cost of one size.

    Attributes:
        seconds: least time of a few calls, s.
        peak: peak memory above the start, bytes.
    """

    seconds: float
    peak: float


def probe(**size: Any) -> Probe:
    """Measure in a new process.

    Args:
        size: entry `what`, which is `kernel` or `step`, and the sizes of that measurement; see
            `_kernel` and `_step`.

    Raises:
        InputError: the process failed, for example for lack of memory.
    """
    command = [sys.executable, "-m", __name__, json.dumps(size)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1][:200]
        raise InputError(f"measuring {size} ended with code {done.returncode}: {said}")
    return Probe(**json.loads(lines[-1]))


def growth_exponent(sizes: Any, costs: Any) -> float:
    """Exponent e of cost ~ size^e, by least squares of logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(costs, 1e-12)), 1)[0])


def _status(entry: str) -> int | None:
    """An entry of the process's status, bytes; None if the system does not report it."""
    if not _STATUS.exists():
        return None
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{entry}:"):
            return int(line.split()[1]) << 10
    return None


def _peak() -> int:
    peak = _status("VmHWM")
    if peak is None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak <<= 0 if sys.platform == "darwin" else 10
    return peak


def _forget_peak() -> None:
    # TensorFlow may need more memory while it loads.
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _kernel(
    batch: int = 1, supports: int = 1024, samples: int | None = None, axes: int = 0
) -> Callable[[], object]:
    """A pass of the kernel mixture with `axes` bounded axes, or with those of grasps for 0."""
    from fag_tf.experiments.benchmarks.kernel_speed import SPACE, inputs, kernel_pass
    from fag_tf.spaces import ActionSpace, Axis

    space = SPACE
    if axes:
        space = ActionSpace([Axis(f"a{i}", -1.0, 1.0, "1") for i in range(axes)])
    run = kernel_pass(space)

    def call(batch: int, supports: int, samples: int) -> object:
        return [part.numpy() for part in run(*inputs(batch, supports, samples, space))]

    call(1, 8, 8)  # excludes the one-time setup of the libraries
    return lambda: call(batch, supports, samples or supports)


def _step(config: Mapping[str, Any]) -> Callable[[], object]:
    """A learning step of the given configuration."""
    from fag_tf.config.parsing import config_from_dict
    from fag_tf.experiments.benchmarks.training_step import StepParts

    return StepParts(config_from_dict(dict(config))).learn


def _main(text: str) -> None:
    from fag_tf._utils.tensorflow import import_tensorflow, keep_keras_small

    size = json.loads(text)
    keep_keras_small()
    import_tensorflow()
    call = _kernel(**size) if size.pop("what") == "kernel" else _step(**size)
    _forget_peak()
    start = _status("VmRSS") or _peak()
    call()
    seconds = min(seconds_of(call) for _ in range(_CALLS))
    print(json.dumps({"seconds": seconds, "peak": _peak() - start}))


if __name__ == "__main__":
    _main(sys.argv[1])
