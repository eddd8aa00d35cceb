"""Time of `fag-tf sample` in a new process, compared with the import of ONNX Runtime."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from fag_tf.environments.validation import observe
from fag_tf.experiments.benchmarks.models import trained_environment, trial_states
from fag_tf.experiments.benchmarks.registry import Conditions
from fag_tf.experiments.benchmarks.results import Figure, NotMeasuredError, Target, time_figure
from fag_tf.experiments.benchmarks.timing import interleave

__all__ = ["measure"]

_ROUNDS = 11


def measure(conditions: Conditions) -> list[Figure]:
    """Measure the figures of this benchmark.

    The processes are new, but the files are in the cache of the operating system.
    """
    from PIL import Image

    environment = trained_environment(conditions.model)
    state = next(iter(trial_states(environment).values()))
    observation = observe(environment, [state])
    if "image" not in observation:
        raise NotMeasuredError(f"environment {environment.name!r} shows no picture to sample from")
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "object.png"
        covered = observation["image"][0, ..., 0]
        Image.fromarray((255.0 * (1.0 - covered)).astype(np.uint8)).save(picture)
        python = [sys.executable]
        sample = ["-m", "fag_tf.cli.main", "sample", str(conditions.model), "--image", str(picture)]
        calls = {
            "sample": _process([*python, *sample, "-n", "256", "--seed", "0"]),
            "import": _process([*python, "-c", "import onnxruntime"]),
        }
        spent = interleave(calls, 1 if conditions.quick else _ROUNDS)
    return [
        time_figure(
            "fag-tf sample, cold, one picture, n = 256",
            spent["sample"],
            against='python -c "import onnxruntime"',
            reference=spent["import"],
            target=Target(3.0),
        )
    ]


def _process(command: Sequence[str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, capture_output=True)
