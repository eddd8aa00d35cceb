"""Loaders of the two forms of a saved model; each returns a function of the inputs."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.standard_error import quiet
from fag_tf._utils.tensorflow import _one_line, import_tensorflow
from fag_tf.deployment.checksums import check_files
from fag_tf.deployment.model_card import ModelCard
from fag_tf.deployment.onnx_sessions import open_session
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.saved_model_check import check_saved_model
from fag_tf.errors import InputError
from fag_tf.spaces import LATENT_INPUT

__all__ = [
    "ONNX_FILE",
    "SAVED_MODEL_FILE",
    "RunFn",
    "load_onnx",
    "load_saved_model",
]

ONNX_FILE = "model.onnx"
SAVED_MODEL_FILE = "saved_model.pb"

# Sizes are rounded up to powers of two so that few sessions serve all sizes; this is the first.
_LEAST_SIZE = 64
_USUAL_SIZE = 512

RunFn = Callable[[Mapping[str, NDArray[Any]]], Samples]
"""Function from arrays by input name to samples `[B, N]`."""


def _check_names(path: Path, card: ModelCard, inputs: set[str], outputs: set[str]) -> None:
    if inputs != set(card.inputs) or not set(card.outputs) <= outputs:
        raise InputError(
            f"{path} takes {sorted(inputs)} and gives {sorted(outputs)}; "
            f"its card says {sorted(card.inputs)} and {sorted(card.outputs)}"
        )


class _FixedSizes:
    """An ONNX file in ONNX Runtime, with one session for each fixed number of actions.

    A session with fixed sizes loads seven times faster than a session with free sizes.

    Args:
        path: the ONNX file.
        axes: names of the axes B, N and Z in the file.
        outputs: names of the outputs to compute.
    """

    def __init__(self, path: Path, axes: Sequence[Any], outputs: Sequence[str]) -> None:
        self._path = path
        self._axes = axes
        self._outputs = list(outputs)
        self._sessions: dict[int, Any] = {}
        self._creation = threading.Lock()

    def session(self, count: int) -> Any:
        """The session for N = `count`, made on first use.

        Raises:
            InputError: the file is broken.
        """
        if (made := self._sessions.get(count)) is not None:
            return made  # without the lock, which another size's loading may hold for a second
        with self._creation:
            if count not in self._sessions:
                self._sessions[count] = self._load(count)
            return self._sessions[count]

    def _load(self, count: int) -> Any:
        sizes = dict(zip(map(str, self._axes), (1, count), strict=False))
        # The operations are many and small: sharing each of them costs more than it saves. Several
        # states are shared instead; see `run`.
        return open_session(self._path, sizes)

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Samples:
        """Compute samples `[B, N]`, each state by itself.

        Raises:
            InputError: the inputs do not fit the file.
        """
        batch, count = inputs[LATENT_INPUT].shape[:2]
        size = max(_LEAST_SIZE, 1 << (count - 1).bit_length())
        missing = ((0, 0), (0, size - count), (0, 0))
        padded = {**inputs, LATENT_INPUT: np.pad(inputs[LATENT_INPUT], missing)}
        session = self.session(size)

        def of_state(state: int) -> Samples:
            one = {name: array[state : state + 1] for name, array in padded.items()}
            try:
                arrays = session.run(self._outputs, one)
            except Exception as error:
                message = f"{self._path} fails on {_shapes(inputs)}: {_one_line(error)}"
                raise InputError(message) from error
            return Samples.from_outputs(dict(zip(self._outputs, arrays, strict=True)))

        workers = min(batch, _cores())
        if workers == 1:
            answers = [of_state(state) for state in range(batch)]
        else:
            from concurrent.futures import ThreadPoolExecutor  # slow to load, for one state

            with ThreadPoolExecutor(workers) as pool:
                answers = list(pool.map(of_state, range(batch)))
        return Samples.joined(answers, axis=0).each(lambda array: array[:, :count])


def load_onnx(directory: Path, card: ModelCard) -> RunFn:
    """Load `model.onnx` of a directory into ONNX Runtime without importing TensorFlow.

    Raises:
        InputError: the file is missing or broken, or its inputs and outputs differ from the card's.
    """
    path = directory / ONNX_FILE
    if not path.is_file():
        raise InputError(f"model {directory} lacks {ONNX_FILE}")
    check_files(directory, {name: sum_ for name, sum_ in card.files.items() if name == ONNX_FILE})
    sessions = _FixedSizes(path, card.inputs[LATENT_INPUT].shape, card.sample_outputs)
    usual = sessions.session(_USUAL_SIZE)
    _check_names(
        path,
        card,
        {part.name for part in usual.get_inputs()},
        {part.name for part in usual.get_outputs()},
    )
    return sessions.run


def load_saved_model(directory: Path, card: ModelCard) -> RunFn:
    """Load `serving_default` of a directory's SavedModel into TensorFlow.

    Raises:
        InputError: the SavedModel is missing or broken, would do more than compute, or its inputs
            and outputs differ from the card's.
    """
    path = directory / SAVED_MODEL_FILE
    if not path.is_file():
        raise InputError(f"model {directory} lacks {SAVED_MODEL_FILE}")
    check_files(directory, {name: sum_ for name, sum_ in card.files.items() if name != ONNX_FILE})
    tf = import_tensorflow()
    check_saved_model(path)
    try:
        with quiet("absl", "tensorflow"):  # hides warnings about faults that do not stop it
            loaded = tf.saved_model.load(str(directory))
        serving = loaded.signatures["serving_default"]
    except Exception as error:  # broken files raise errors from OSError to KeyError
        raise InputError(
            f"cannot load the SavedModel in {directory}: {_one_line(error)}"
        ) from error
    _check_names(
        path, card, set(serving.structured_input_signature[1]), set(serving.structured_outputs)
    )

    def run(inputs: Mapping[str, NDArray[Any]]) -> Samples:
        # The signature alone does not keep the object that owns its variables.
        assert loaded is not None
        outputs = serving(**{name: tf.constant(array) for name, array in inputs.items()})
        return Samples.from_outputs({name: outputs[name].numpy() for name in card.sample_outputs})

    return run


def _cores() -> int:
    """Number of cores that this process may use.

    `OMP_NUM_THREADS` says so too: Ray sets it for an actor, which has one of a node's many cores.
    """
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _shapes(inputs: Mapping[str, NDArray[Any]]) -> str:
    return ", ".join(f"{name} {array.shape}" for name, array in inputs.items())
