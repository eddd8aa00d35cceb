"""Write a trained module as SavedModel, ONNX file and card, and check that they agree.

Files stay on the disk only if the ONNX file passes its checker, both files load again, and both
give the numbers of the live module.
"""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf._utils.files import write_directory_atomically
from fag_tf._utils.standard_error import quiet
from fag_tf._utils.tensorflow import tensorflow_reason
from fag_tf.deployment.agreement import (
    LOG_DENSITY_TOLERANCE,
    SIZES,
    Difference,
    Observe,
    check_sample,
    compare,
    uniform_observations,
)
from fag_tf.deployment.checksums import checksums
from fag_tf.deployment.latent_mapping import MAPPING_FILE, LatentMapping
from fag_tf.deployment.model_card import CARD_FILE, ModelCard
from fag_tf.deployment.model_card_files import write_card
from fag_tf.deployment.model_folders import version_directory
from fag_tf.deployment.onnx_writing import tensor_spec, write_onnx
from fag_tf.deployment.runtimes import (
    ONNX_FILE,
    RunFn,
    load_onnx,
    load_saved_model,
)
from fag_tf.deployment.samples import Samples
from fag_tf.spaces import LATENT_INPUT

__all__ = ["Difference", "ExportReport", "export_model"]


@dataclasses.dataclass(frozen=True)
class ExportReport:
    """What was written, and how well it agrees with the live module.

    Attributes:
        directory: directory `NAME/VERSION`.
        differences: differences over all sizes compared, for `savedmodel`, `onnx` and, if it is
            there, `mapping`.
        tolerance: bound that the differences of action and feasibility respect.
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
            card lists it. A SavedModel holds its variables, or, if it has them, the lists of
            `stored_weights` by their names. `mapping`, if it is there and not None, is the
            module without a choice among candidates, with latents `[B, N, A]`.
        card: describes the module; the differences found are added to its figures.
        out: see `version_directory`.
        observe: draws B observations for the comparison; the default draws uniform numbers within
            the bounds of the card.
        tolerance: largest difference allowed, in half-ranges of an axis and in probability. An
            actor that refines its actions in steps amplifies differences of rounding between
            runtimes. A share of `agreement.MOST_JUMPS` of the actions may be another choice.
        seed: seed of the numbers compared.

    Raises:
        InputError: an operation has no ONNX form, the files differ by more than the tolerance, or
            the directory cannot be written. Nothing is left of the directory.
    """
    directory = version_directory(out)
    observe = observe or uniform_observations(card)
    with write_directory_atomically(directory) as partial:
        _write_saved_model(module, card, partial)
        write_onnx(module.serving, card.inputs, card.outputs, partial / ONNX_FILE)
        live = _eagerly(module.serving)
        differences = {}
        for name, load in (("savedmodel", load_saved_model), ("onnx", load_onnx)):
            differences[name] = compare(load(partial, card), live, card, observe, seed, tolerance)
            differences[name].check(name, tolerance)
        mapping = getattr(module, "mapping", None)
        if mapping is not None:
            differences["mapping"] = _write_mapping(
                mapping, card, partial, observe, tolerance, seed
            )
        check_sample(partial, card, observe, seed)
        agreement: dict[str, Any] = {
            "sizes": [list(size) for size in SIZES],
            "tolerance": tolerance,
            "largest_difference": {
                name: {"action": found.action, "feasibility": found.feasibility}
                for name, found in differences.items()
            },
            "share_of_other_choices": {name: found.jumps for name, found in differences.items()},
        }
        if card.gives_log_density:
            agreement["log_density_tolerance"] = LOG_DENSITY_TOLERANCE
            agreement["mean_difference_of_log_density"] = {
                name: found.mean_log_density for name, found in differences.items()
            }
        figures = {**card.figures, "export": agreement}
        files = checksums(partial)
        write_card(dataclasses.replace(card, figures=figures, files=files), partial / CARD_FILE)
    return ExportReport(directory, differences, tolerance)


def _write_saved_model(module: tf.Module, card: ModelCard, directory: Path) -> None:
    serving = {name: tensor_spec(name, entry) for name, entry in card.inputs.items()}
    sample = {name: tensor_spec(name, entry) for name, entry in card.observation_inputs.items()}
    sample["num_samples"] = tf.TensorSpec([], tf.int32, "num_samples")
    sample["seed"] = tf.TensorSpec([2], tf.int32, "seed")
    signatures = {
        "serving_default": tf.function(module.serving).get_concrete_function(**serving),
        "sample": tf.function(module.sample).get_concrete_function(**sample),
    }
    eagerly = tf.config.functions_run_eagerly()
    try:
        # What saves the variables must be functions of its own, apart from those that compute.
        tf.config.run_functions_eagerly(False)
        with quiet("absl", "tensorflow"):
            tf.saved_model.save(_stored(module), str(directory), signatures)
    except tf.errors.OpError as error:  # how TensorFlow reports a full disk
        raise OSError(None, tensorflow_reason(error)) from error
    finally:
        tf.config.run_functions_eagerly(eagerly)


def _stored(module: tf.Module) -> tf.Module:
    """What a SavedModel holds beside its signatures: the weights, each of them once.

    The module itself holds them a second time in its layers, and functions of its own.
    """
    stored = tf.Module()
    weights = getattr(module, "stored_weights", {"weights": module.variables})
    for name, values in weights.items():
        setattr(stored, name, list(values))
    return stored


def _write_mapping(
    mapping: Any, card: ModelCard, directory: Path, observe: Observe, tolerance: float, seed: int
) -> Difference:
    """Write `mapping.onnx` of a module's `mapping` and compare it with the live map."""
    latent = card.inputs[LATENT_INPUT]
    size = card.action_space.dim
    entry = dataclasses.replace(latent, shape=(*latent.shape[:2], size))
    own = dataclasses.replace(
        card, inputs={**card.inputs, LATENT_INPUT: entry}, latent={**card.latent, "size": size}
    )
    path = directory / MAPPING_FILE
    write_onnx(mapping.serving, own.inputs, own.outputs, path)
    written = LatentMapping(path)

    def run(inputs: Mapping[str, NDArray[Any]]) -> Samples:
        rest = dict(inputs)
        latent = rest.pop(LATENT_INPUT)
        return written(rest, latent)

    found = compare(run, _eagerly(mapping.serving), own, observe, seed, tolerance)
    found.check("mapping", tolerance)
    return found


def _eagerly(serving: Any) -> RunFn:
    """The Python function inside a `tf.function`, so that the comparison is independent."""
    live = getattr(serving, "python_function", serving)

    def run(inputs: Mapping[str, NDArray[Any]]) -> Samples:
        outputs = live(**{name: tf.constant(array) for name, array in inputs.items()})
        return Samples.from_outputs({name: np.asarray(array) for name, array in outputs.items()})

    return run
