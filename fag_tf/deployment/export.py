"""Write a trained module as SavedModel, ONNX file and card, and check that they agree.

Files stay on the disk only if the ONNX file passes its checker, both files load again, and both
give the numbers of the live module.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from numpy.typing import NDArray

from fag_tf._utils.files import write_directory_atomically
from fag_tf._utils.tensorflow import quiet, tensorflow_reason
from fag_tf.deployment.checksums import checksums
from fag_tf.deployment.model_card import CARD_FILE, ModelCard, TensorEntry
from fag_tf.deployment.model_card_files import write_card
from fag_tf.deployment.model_folders import version_directory
from fag_tf.deployment.onnx_forms import CONVERTED_OTHERWISE, with_fast_lookups
from fag_tf.deployment.runtimes import (
    ONNX_FILE,
    RunFn,
    load_onnx,
    load_saved_model,
)
from fag_tf.errors import InputError
from fag_tf.spaces import (
    ACTION_OUTPUT,
    FEASIBILITY_OUTPUT,
    LATENT_INPUT,
    LOG_DENSITY_OUTPUT,
    Observation,
)

__all__ = ["Difference", "ExportReport", "export_model"]

OPSET = 18  # the highest opset that tf2onnx writes
MOST_LOG_DENSITY = 0.02  # greatest mean difference of log densities allowed
# A sample is chosen by numbers that round differently in each runtime. Where two of them tie, the
# choice may differ, and the sample with it. This share of the samples is not compared.
MOST_TIES = 0.01
SIZES = ((1, 1), (2, 7), (3, 64))  # (B, N) of the comparison: states, and actions for each state

Observe = Callable[[np.random.Generator, int], Observation]


@dataclasses.dataclass(frozen=True)
class Difference:
    """Largest difference between an exported file and the live module, but for `MOST_TIES`.

    Attributes:
        action: difference of an action, in half-ranges of its axis; on periodic axes the shorter
            arc.
        feasibility: difference of the probability.
    """

    action: float
    feasibility: float


@dataclasses.dataclass(frozen=True)
class ExportReport:
    """What was written, and how well it agrees with the live module.

    Attributes:
        directory: directory `NAME/VERSION`.
        differences: largest differences over all sizes compared, for `savedmodel` and `onnx`.
        tolerance: bound that all differences respect.
    """

    directory: Path
    differences: dict[str, Difference]
    tolerance: float


def export_model(
    module: tf.Module,
    card: ModelCard,
    out: str | os.PathLike[str],
    *,
    observe: Observe | None = None,
    tolerance: float = 2e-3,
    seed: int = 0,
) -> ExportReport:
    """Export a module as the directory `NAME/VERSION`.

    Args:
        module: has two `tf.function`s. `serving` takes the card's inputs by name. `sample` takes
            the observations, `num_samples` int32 `[]` and `seed` int32 `[2]`. Both return
            `{"action": [B, N, A], "feasibility": [B, N]}`, and `"log_density"` `[B, N]` if the
            card lists it.
        card: describes the module; the differences found are added to its figures.
        out: see `version_directory`.
        observe: draws B observations for the comparison; the default draws uniform numbers within
            the bounds of the card.
        tolerance: largest difference allowed, in half-ranges of an axis and in probability. An
            actor that refines its actions in steps amplifies differences of rounding between
            runtimes.
        seed: seed of the numbers compared.

    Raises:
        InputError: an operation has no ONNX form, the files differ by more than the tolerance, or
            the directory cannot be written. Nothing is left of the directory.
    """
    directory = version_directory(out)
    with write_directory_atomically(directory) as partial:
        _write_saved_model(module, card, partial)
        _write_onnx(module, card, partial / ONNX_FILE)
        live = _eagerly(module.serving)
        differences = {}
        for name, load in (("savedmodel", load_saved_model), ("onnx", load_onnx)):
            differences[name] = _compare(
                load(partial, card), live, card, observe or _uniform(card), seed
            )
            worst = max(dataclasses.astuple(differences[name]))
            if not worst <= tolerance:  # true for NaN too
                raise InputError(
                    f"{name} differs from the live actor by {worst:.2g}, "
                    f"more than the tolerance of {tolerance:g}; nothing was exported"
                )
            if LOG_DENSITY_OUTPUT in card.outputs:
                _check_log_density(
                    load(partial, card, LOG_DENSITY_OUTPUT),
                    _eagerly(module.serving, LOG_DENSITY_OUTPUT),
                    _inputs(card, observe or _uniform(card), np.random.default_rng(seed), 3, 64),
                    name,
                )
        _check_sample(partial, card, observe or _uniform(card), seed)
        agreement = {
            "sizes": [list(size) for size in SIZES],
            "tolerance": tolerance,
            "largest_difference": {
                name: dataclasses.asdict(value) for name, value in differences.items()
            },
        }
        figures = {**card.figures, "export": agreement}
        files = checksums(partial)
        write_card(dataclasses.replace(card, figures=figures, files=files), partial / CARD_FILE)
    return ExportReport(directory, differences, tolerance)


def _spec(name: str, entry: TensorEntry) -> tf.TensorSpec:
    fixed = [
        size if isinstance(size, int) and axis not in entry.free_axes else None
        for axis, size in enumerate(entry.shape)
    ]
    return tf.TensorSpec(fixed, entry.dtype, name)


def _write_saved_model(module: tf.Module, card: ModelCard, directory: Path) -> None:
    serving = {name: _spec(name, entry) for name, entry in card.inputs.items()}
    sample = {name: _spec(name, entry) for name, entry in card.observation_inputs.items()}
    sample["num_samples"] = tf.TensorSpec([], tf.int32, "num_samples")
    sample["seed"] = tf.TensorSpec([2], tf.int32, "seed")
    signatures = {
        "serving_default": tf.function(module.serving).get_concrete_function(**serving),
        "sample": tf.function(module.sample).get_concrete_function(**sample),
    }
    try:
        with quiet("absl", "tensorflow"):
            tf.saved_model.save(module, str(directory), signatures)
    except tf.errors.OpError as error:  # how TensorFlow reports a full disk
        raise OSError(None, tensorflow_reason(error)) from error


def _write_onnx(module: tf.Module, card: ModelCard, path: Path) -> None:
    names = list(card.inputs)

    @tf.function(autograph=False)
    def serving(*tensors: tf.Tensor) -> Any:
        return module.serving(**dict(zip(names, tensors, strict=True)))

    signature = [_spec(name, entry) for name, entry in card.inputs.items()]
    # tf2onnx only logs an operation without an ONNX form, and still writes the file.
    with quiet("tf2onnx") as errors:
        proto, _ = tf2onnx.convert.from_function(
            serving,
            input_signature=signature,
            opset=OPSET,
            custom_op_handlers=CONVERTED_OTHERWISE,
        )
    if errors:
        raise InputError(f"the actor has no ONNX form: {errors[0].splitlines()[0][:200]}")
    proto = with_fast_lookups(proto)
    for values, entries in ((proto.graph.input, card.inputs), (proto.graph.output, card.outputs)):
        for value in values:
            if value.name in entries:
                _name_sizes(value, entries[value.name])
    del proto.graph.value_info[:]  # sizes of inner tensors, with outdated names
    domains = {node.domain for node in proto.graph.node} - {"", "ai.onnx"}
    if domains:
        raise InputError(f"the actor has no plain ONNX form: it uses operators of {domains}")
    try:
        onnx.checker.check_model(proto, full_check=True)
    except Exception as error:  # checker and shape inference raise different errors
        raise InputError(f"the ONNX checker rejects the actor: {str(error)[:200]!r}") from error
    path.write_bytes(proto.SerializeToString())


def _name_sizes(value: onnx.ValueInfoProto, entry: TensorEntry) -> None:
    shape = value.type.tensor_type.shape
    del shape.dim[:]
    for axis, size in enumerate(entry.shape):
        if axis in entry.free_axes:
            shape.dim.add().dim_param = f"{value.name}_axis_{axis}"
        elif isinstance(size, int):
            shape.dim.add().dim_value = size
        else:
            shape.dim.add().dim_param = size


def _eagerly(serving: Any, beside: str = FEASIBILITY_OUTPUT) -> RunFn:
    """The Python function inside a `tf.function`, so that the comparison is independent."""
    live = getattr(serving, "python_function", serving)

    def run(inputs: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
        outputs = live(**{name: tf.constant(array) for name, array in inputs.items()})
        return np.asarray(outputs[ACTION_OUTPUT]), np.asarray(outputs[beside])

    return run


def _uniform(card: ModelCard) -> Observe:
    def observe(rng: np.random.Generator, batch: int) -> Observation:
        observation: Observation = {}
        for name, entry in card.observation_inputs.items():
            low = [0.0 if part.low is None else part.low for part in entry.components]
            high = [1.0 if part.high is None else part.high for part in entry.components]
            shape = (batch, *(int(size) for size in entry.shape[1:]))
            observation[name] = rng.uniform(low, high, shape).astype(entry.dtype)
        return observation

    return observe


def _compare(run: RunFn, live: RunFn, card: ModelCard, observe: Observe, seed: int) -> Difference:
    space = card.action_space
    actions, probabilities = [], []
    rng = np.random.default_rng(seed)
    for batch, num_samples in SIZES:
        inputs = _inputs(card, observe, rng, batch, num_samples)
        ours, theirs = run(inputs), live(inputs)
        for given, shape in zip(
            ours, ((batch, num_samples, space.dim), (batch, num_samples)), strict=True
        ):
            if given.shape != shape:
                raise InputError(f"the actor gives shape {given.shape} where {shape} is right")
        apart = space.difference(ours[0].astype(np.float64), theirs[0].astype(np.float64))
        actions.append(np.max(np.abs(apart) / space.half_range, axis=-1).ravel())
        probabilities.append(np.abs(ours[1] - theirs[1]).ravel())
    return Difference(*(_greatest(np.concatenate(apart)) for apart in (actions, probabilities)))


def _greatest(differences: NDArray[Any]) -> float:
    """The greatest of differences, but for the few that may come of a choice between equals."""
    left_out = int(MOST_TIES * differences.size)
    # A NaN is greater than any number in this order, and must not be left out.
    if np.isnan(differences).any():
        return float("nan")
    return float(np.sort(differences)[differences.size - 1 - left_out])


def _inputs(
    card: ModelCard, observe: Observe, rng: np.random.Generator, batch: int, num_samples: int
) -> Observation:
    latent = rng.uniform(-1.0, 1.0, (batch, num_samples, card.latent_dim)).astype(np.float32)
    return {**observe(rng, batch), LATENT_INPUT: latent}


def _check_log_density(run: RunFn, live: RunFn, inputs: Observation, name: str) -> None:
    """Check that a file gives the live module's log densities on average.

    Single ones may differ by more: at a steep edge a density changes with the action's last digits.
    """
    ours, theirs = run(inputs)[1], live(inputs)[1]
    right = inputs[LATENT_INPUT].shape[:2]
    if theirs.shape != right:
        raise InputError(f"the actor gives a log_density of shape {theirs.shape}, not {right}")
    differences = np.sort(np.abs(ours - theirs), axis=None)  # NaN last
    kept = differences.size - int(MOST_TIES * differences.size)
    apart = float("nan") if np.isnan(differences).any() else float(np.mean(differences[:kept]))
    if not apart <= MOST_LOG_DENSITY:  # true for NaN too
        raise InputError(
            f"{name} differs from the live actor by {apart:.2g} in the mean log density, more than "
            f"{MOST_LOG_DENSITY:g}; nothing was exported"
        )


def _check_sample(directory: Path, card: ModelCard, observe: Observe, seed: int) -> None:
    """Check the `sample` signature: shapes, equal results for one seed, others for another."""
    loaded = tf.saved_model.load(str(directory))
    sample = loaded.signatures["sample"]
    rng = np.random.default_rng(seed)
    for batch, num_samples in SIZES:
        state = {name: tf.constant(array) for name, array in observe(rng, batch).items()}

        def draw(stream: int, state: Any = state, number: int = num_samples) -> dict[str, Any]:
            outputs = sample(
                **state, num_samples=tf.constant(number), seed=tf.constant([stream, 0])
            )
            return {name: tensor.numpy() for name, tensor in outputs.items()}

        first, again, other = draw(1), draw(1), draw(2)
        shape = (batch, num_samples, card.action_space.dim)
        if first[ACTION_OUTPUT].shape != shape or first[FEASIBILITY_OUTPUT].shape != shape[:2]:
            raise InputError(f"signature `sample` does not give actions of shape {shape}")
        if not np.array_equal(first[ACTION_OUTPUT], again[ACTION_OUTPUT]):
            raise InputError("signature `sample` gives different actions for the same seed")
        if np.array_equal(first[ACTION_OUTPUT], other[ACTION_OUTPUT]):
            raise InputError("signature `sample` gives the same actions whatever the seed")
