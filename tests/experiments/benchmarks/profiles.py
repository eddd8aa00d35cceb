"""What a training step and a draw of samples spend their time on, kind by kind of operation.

    python tests/experiments/benchmarks/profiles.py [MODEL]

Eight steps under TensorFlow's profiler, which sees what XLA has fused as one operation named after
its parts; twenty draws of 256 grasps under ONNX Runtime's, on one thread.
"""

import collections
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from fag_tf.deployment.model_card import CARD_FILE
from fag_tf.deployment.model_card_files import read_card
from fag_tf.deployment.model_folders import find_version, shipped_model
from fag_tf.deployment.runtimes import ONNX_FILE
from fag_tf.environments.validation import observe
from fag_tf.experiments.benchmarks.models import trained_config, trial_states
from fag_tf.experiments.benchmarks.training_step import StepParts
from fag_tf.latents import draw_latent
from fag_tf.spaces import LATENT_INPUT

STEPS, DRAWS, SAMPLES, SHOWN = 8, 20, 256, 12

Times = collections.Counter[str]


def training_step(parts: StepParts) -> Times:
    """Milliseconds of a step by kind of operation."""
    for _ in range(3):
        parts.learn()
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            for _ in range(STEPS):
                parts.learn()
        (file,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace()
        space.ParseFromString(file.read_bytes())
    spent: Times = collections.Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                if re.fullmatch(r"[a-z][a-z_\-]*(\.\d+)*", name):  # XLA's own names of operations
                    spent[re.sub(r"(\.\d+)+$", "", name)] += event.duration_ps / 1e9 / STEPS
    return spent


def draws(model: Path, inputs: dict[str, np.ndarray], axes: list[str]) -> Times:
    """Milliseconds of a draw by kind of operation."""
    options = onnxruntime.SessionOptions()
    options.enable_profiling, options.intra_op_num_threads = True, 1
    for axis, size in zip(axes, (1, SAMPLES), strict=True):
        options.add_free_dimension_override_by_name(axis, size)
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "draws")
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for _ in range(DRAWS):
            session.run(None, inputs)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    spent: Times = collections.Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            spent[event["args"]["op_name"]] += event["dur"] / 1e3 / DRAWS
    return spent


def show(title: str, spent: Times) -> None:
    """Print the kinds that take the most."""
    whole = sum(spent.values())
    print(f"{title}: {whole:.1f} ms")
    for name, time in spent.most_common(SHOWN):
        print(f"  {name:44s} {time:8.1f} ms {time / whole:6.1%}")


def main() -> None:
    """Print both profiles."""
    model = find_version(sys.argv[1] if len(sys.argv) > 1 else shipped_model())
    config = trained_config(model)
    parts = StepParts(config)
    environment = parts.trainer.environment
    state = next(iter(trial_states(environment).values()))
    card = read_card(model / CARD_FILE)
    latent = draw_latent(0, 1, SAMPLES, card.latent_dim)
    inputs = {**observe(environment, [state]), LATENT_INPUT: latent}
    axes = [str(axis) for axis in card.inputs[LATENT_INPUT].shape[:2]]
    show(f"{SAMPLES} samples", draws(model / ONNX_FILE, inputs, axes))
    show("a training step", training_step(parts))


if __name__ == "__main__":
    main()
