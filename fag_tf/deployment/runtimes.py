"""The two forms of a saved model, each loaded into a function of its inputs."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.tensorflow import _one_line, import_tensorflow, quiet
from fag_tf.deployment.checksums import check_files
from fag_tf.deployment.model_card import ModelCard
from fag_tf.errors import InputError
from fag_tf.spaces import ACTION_OUTPUT, FEASIBILITY_OUTPUT, LATENT_INPUT

__all__ = [
    "ONNX_FILE",
    "SAVED_MODEL_FILE",
    "RunFn",
    "load_onnx",
    "load_saved_model",
]

ONNX_FILE = "model.onnx"
SAVED_MODEL_FILE = "saved_model.pb"

# Numbers of actions that ONNX Runtime is given at once are powers of two, so that few sessions do
# for all; the first is made when a model is loaded.
_LEAST_SIZE = 64
_USUAL_SIZE = 512

RunFn = Callable[[Mapping[str, NDArray[Any]]], tuple[NDArray[Any], NDArray[Any]]]
"""From arrays by input name to actions `[B, N, A]` and feasibility `[B, N]`."""


def _check_names(path: Path, card: ModelCard, inputs: set[str], outputs: set[str]) -> None:
    if inputs != set(card.inputs) or not set(card.outputs) <= outputs:
        raise InputError(
            f"{path} takes {sorted(inputs)} and gives {sorted(outputs)}; "
            f"its card says {sorted(card.inputs)} and {sorted(card.outputs)}"
        )


class _FixedSizes:
    """An ONNX file in ONNX Runtime, as a session for each fixed number of actions of one state.

    With fixed sizes a session is loaded in a seventh of the time that open ones take.

    Args:
        path: the file.
        axes: what it calls B, N and Z.
    """

    def __init__(self, path: Path, axes: Sequence[Any]) -> None:
        self._path = path
        self._axes = axes
        self._sessions: dict[int, Any] = {}
        self._creation = threading.Lock()

    def session(self, count: int) -> Any:
        """The session for N = `count`, made on first use.

        Raises:
            InputError: the file is broken.
        """
        with self._creation:
            if count not in self._sessions:
                self._sessions[count] = self._load(count)
            return self._sessions[count]

    def _load(self, count: int) -> Any:
        # Whose parts are grasped is nobody else's business; it is read when the module is loaded.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # errors reach the user as exceptions
        # Between two calls its threads would otherwise keep the cores busy for nothing.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        for axis, size in zip(self._axes, (1, count), strict=False):
            options.add_free_dimension_override_by_name(str(axis), size)
        try:
            return onnxruntime.InferenceSession(
                str(self._path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions share no base class of their own
            raise InputError(f"cannot load {self._path}: {_one_line(error)}") from error

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Actions `[B, N, A]` and feasibility `[B, N]`, one state after the other.

        Raises:
            InputError: the inputs are not what the file takes.
        """
        batch, count = inputs[LATENT_INPUT].shape[:2]
        size = max(_LEAST_SIZE, 1 << (count - 1).bit_length())
        missing = ((0, 0), (0, size - count), (0, 0))
        padded = {**inputs, LATENT_INPUT: np.pad(inputs[LATENT_INPUT], missing)}
        session, answers = self.session(size), []
        for state in range(batch):
            one = {name: array[state : state + 1] for name, array in padded.items()}
            try:
                answers.append(session.run([ACTION_OUTPUT, FEASIBILITY_OUTPUT], one))
            except Exception as error:
                message = f"{self._path} fails on {_shapes(inputs)}: {_one_line(error)}"
                raise InputError(message) from error
        action, feasibility = (
            np.concatenate(parts)[:, :count] for parts in zip(*answers, strict=True)
        )
        return action, feasibility


def load_onnx(directory: Path, card: ModelCard) -> RunFn:
    """Load `model.onnx` of a directory into ONNX Runtime; TensorFlow is not imported.

    Raises:
        InputError: it is missing or broken, or its inputs and outputs are not those of the card.
    """
    path = directory / ONNX_FILE
    if not path.is_file():
        raise InputError(f"model {directory} lacks {ONNX_FILE}")
    check_files(directory, {name: sum_ for name, sum_ in card.files.items() if name == ONNX_FILE})
    sessions = _FixedSizes(path, card.inputs[LATENT_INPUT].shape)
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
        InputError: it is missing or broken, or its inputs and outputs are not those of the card.
    """
    path = directory / SAVED_MODEL_FILE
    if not path.is_file():
        raise InputError(f"model {directory} lacks {SAVED_MODEL_FILE}")
    check_files(directory, {name: sum_ for name, sum_ in card.files.items() if name != ONNX_FILE})
    tf = import_tensorflow()
    try:
        with quiet("absl", "tensorflow"):  # what it finds wrong and goes on without
            loaded = tf.saved_model.load(str(directory))
        serving = loaded.signatures["serving_default"]
    except Exception as error:  # a broken file raises anything from OSError to KeyError
        raise InputError(
            f"cannot load the SavedModel in {directory}: {_one_line(error)}"
        ) from error
    _check_names(
        path, card, set(serving.structured_input_signature[1]), set(serving.structured_outputs)
    )

    def run(inputs: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
        # The signature alone does not keep the object that owns its variables alive.
        assert loaded is not None
        outputs = serving(**{name: tf.constant(array) for name, array in inputs.items()})
        return outputs[ACTION_OUTPUT].numpy(), outputs[FEASIBILITY_OUTPUT].numpy()

    return run


def _shapes(inputs: Mapping[str, NDArray[Any]]) -> str:
    return ", ".join(f"{name} {array.shape}" for name, array in inputs.items())
