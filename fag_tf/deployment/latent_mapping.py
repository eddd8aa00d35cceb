"""The map from latents to actions of a saved model: `mapping.onnx`, the model without a choice."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.tensorflow import _one_line
from fag_tf.deployment.checksums import check_files
from fag_tf.deployment.model_card import ModelCard
from fag_tf.deployment.onnx_sessions import open_session
from fag_tf.deployment.samples import Samples
from fag_tf.errors import InputError
from fag_tf.spaces import ACTION_OUTPUT, FEASIBILITY_OUTPUT, LATENT_INPUT, LOG_DENSITY_OUTPUT

__all__ = ["MAPPING_FILE", "LatentMapping", "load_mapping"]

MAPPING_FILE = "mapping.onnx"
_OUTPUTS = (ACTION_OUTPUT, FEASIBILITY_OUTPUT, LOG_DENSITY_OUTPUT)

# A session for fixed sizes has fewer operations. Beyond so many sizes, one serves all others.
_MOST_SIZES = 8
# With fewer actions than this, sharing an operation among threads costs more than it saves.
_MANY = 256


class LatentMapping:
    """The map from latents to actions in ONNX Runtime; see `Policy.map_latent`.

    Args:
        path: `mapping.onnx` of a model.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sessions: dict[tuple[int, int] | None, Any] = {}
        self._creation = threading.Lock()

    def __call__(
        self, observation: Mapping[str, NDArray[Any]], latent: NDArray[np.float32]
    ) -> Samples:
        """Actions of latents `[B, N, A]`, with their feasibility and log density.

        Args:
            observation: named arrays `[B, ...]`, as `SavedModel.check_observation` gives them.
            latent: latents within -1 and 1, float32.

        Raises:
            InputError: the arrays do not fit the file.
        """
        inputs = {**observation, LATENT_INPUT: latent}
        session = self._session(latent.shape[:2])
        try:
            arrays = session.run(list(_OUTPUTS), inputs)
        except Exception as error:  # its exceptions have no common base class
            shapes = {name: array.shape for name, array in inputs.items()}
            raise InputError(f"{self._path} fails on {shapes}: {_one_line(error)}") from error
        return Samples.from_outputs(dict(zip(_OUTPUTS, arrays, strict=True)))

    def _session(self, sizes: tuple[int, ...]) -> Any:
        key = (sizes[0], sizes[1])
        with self._creation:
            if key in self._sessions:
                return self._sessions[key]
            known = key if len(self._sessions) < _MOST_SIZES else None
            if known not in self._sessions:
                self._sessions[known] = self._load(known)
            return self._sessions[known]

    def _load(self, sizes: tuple[int, int] | None) -> Any:
        few = sizes is not None and sizes[0] * sizes[1] < _MANY
        fixed = dict(zip("BN", sizes or (), strict=False))
        return open_session(self._path, fixed, threads=1 if few else 0)


def load_mapping(directory: Path, card: ModelCard) -> LatentMapping:
    """Load the map of a model.

    Args:
        directory: folder of the model.
        card: the model's card.

    Raises:
        InputError: the model has no such map, or the file is missing or damaged.
    """
    if MAPPING_FILE not in card.files:
        raise InputError(
            f"model {directory} maps no latents to actions: its actor is not autoregressive "
            "(actor.kind), or an earlier release exported it; export its run again"
        )
    check_files(directory, {MAPPING_FILE: card.files[MAPPING_FILE]})
    return LatentMapping(directory / MAPPING_FILE)
