"""Load a saved model, as an ONNX file or a SavedModel, and draw batches of actions from it."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.latent_mapping import LatentMapping, load_mapping
from fag_tf.deployment.model_card import CARD_FILE, ModelCard
from fag_tf.deployment.model_card_files import read_card
from fag_tf.deployment.model_folders import find_model
from fag_tf.deployment.runtimes import RunFn, load_onnx, load_saved_model
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.tensor_entries import Component, TensorEntry
from fag_tf.errors import InputError
from fag_tf.latents import draw_latent
from fag_tf.spaces import LATENT_INPUT, Observation

__all__ = [
    "Runtime",
    "SavedModel",
    "batch_of",
    "load_model",
]

Runtime = Literal["onnx", "savedmodel"]

# Actions that go through the network at once: bounds the memory, not the answer.
MAX_ACTIONS_AT_ONCE = 4096


class SavedModel:
    """A loaded model.

    Attributes:
        card: the content of `model.json`.
        directory: where it was loaded from, `NAME/VERSION`.
        runtime: `onnx` or `savedmodel`.
    """

    def __init__(self, card: ModelCard, directory: Path, runtime: Runtime, run: RunFn) -> None:
        self.card = card
        self.directory = directory
        self.runtime = runtime
        self._run = run

    def __call__(
        self, observation: Observation, num_samples: int, seed: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The same as `sample`. So a model is a `SampleFn`, like a policy."""
        return self.sample(observation, num_samples, seed)

    def sample(
        self, observation: Observation, num_samples: int, seed: int = 0
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Draw N actions for each of B states; the same seed gives the same actions.

        Args:
            observation: every input that the card lists besides the latent, `[B, ...]`.
            num_samples: N.
            seed: of the noise, see `draw_latent`.

        Returns:
            Actions `[B, N, A]`, periodic axes in [low, high), and the critic's probability
            `[B, N]` that each is feasible.

        Raises:
            InputError: the observation does not fit the card, or the sizes or seed are wrong.
        """
        samples = self.draw(observation, num_samples, seed)
        return samples.action, samples.feasibility

    def draw(self, observation: Observation, num_samples: int, seed: int = 0) -> Samples:
        """Draw the actions of `sample`, with their log density.

        Args:
            observation: every input that the card lists besides the latent, `[B, ...]`.
            num_samples: N.
            seed: of the noise, see `draw_latent`.

        Returns:
            `action` `[B, N, A]` and `feasibility` `[B, N]` as `sample` gives them, and
            `log_density` `[B, N]`: log of the density with which the model draws each action, per
            product of the units of the axes. It is None if `card.gives_log_density` is False.

        Raises:
            InputError: as for `sample`.
        """
        observation = self.check_observation(observation)
        batch = batch_of(observation)
        return self.run(observation, draw_latent(seed, batch, num_samples, self.card.latent_dim))

    def run(self, observation: Observation, latent: NDArray[np.float32]) -> Samples:
        """Run the model: samples `[B, N]` for latents `[B, N, Z]`.

        The observation must be as `check_observation` returns it. An action depends on its own
        latent alone, so many latents are computed in parts.
        """
        batch, count = latent.shape[:2]
        # What a model computes once for a state is dear: parts take all actions of some states.
        # A power of two: ONNX Runtime is given no other number, and what lacks is padded.
        most = 1 << (MAX_ACTIONS_AT_ONCE.bit_length() - 1)
        step = min(most, 1 << (max(count, 1) - 1).bit_length())
        states = max(1, MAX_ACTIONS_AT_ONCE // step)
        rows = []
        for first in range(0, batch, states):
            own = {name: array[first : first + states] for name, array in observation.items()}
            parts = [
                self._run({**own, LATENT_INPUT: np.ascontiguousarray(part)})
                for start in range(0, count, step)
                for part in [latent[first : first + states, start : start + step]]
            ]
            rows.append(Samples.joined(parts, axis=1))
        samples = Samples.joined(rows, axis=0)
        self._check_samples(samples, latent.shape[:2])
        action = self.card.action_space.wrap(samples.action.astype(np.float32, copy=False))
        return samples._replace(action=action)

    def map_latent(
        self, observation: Observation, latent: NDArray[Any]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Map latents to actions without a choice among candidates, by `mapping.onnx`.

        Latents that are uniform on [-1, 1]^A become feasible actions as the actor draws them.
        Each axis of an action increases with its own latent, if the latents of the earlier axes
        stay as they are. `sample` chooses among several such actions, so its actions are feasible
        more often.

        Args:
            observation: every input that the card lists besides the latent, `[B, ...]`.
            latent: latents `[B, N, A]` within -1 and 1.

        Returns:
            Actions `[B, N, A]`, periodic axes in [low, high), the critic's probability that each is
            feasible `[B, N]`, and the log of the actor's density there `[B, N]`, per product of the
            units of the axes.

        Raises:
            InputError: the model has no such map, or the arrays do not fit it.
        """
        mapping = self.mapping
        observation = self.check_observation(observation)
        space = self.card.action_space
        entry = TensorEntry(("B", "N", space.dim), (Component(LATENT_INPUT, low=-1.0, high=1.0),))
        checked = _check_tensor(LATENT_INPUT, latent, entry)
        batch = batch_of(observation)
        if len(checked) != batch or checked.shape[1] < 1:
            raise InputError(
                f"{LATENT_INPUT} has shape {checked.shape}; {batch} states need ({batch}, N, "
                f"{space.dim})"
            )
        samples = mapping(observation, checked)
        self._check_samples(samples, checked.shape[:2])
        assert samples.log_density is not None
        return space.wrap(samples.action), samples.feasibility, samples.log_density

    @functools.cached_property
    def mapping(self) -> LatentMapping:
        """The function that `map_latent` calls, without its checks.

        Raises:
            InputError: the model has no such map, or the file is missing or damaged.
        """
        return load_mapping(self.directory, self.card)

    def paced(self, pace: Callable[[RunFn], RunFn]) -> "SavedModel":
        """The same model with another function around each call of the runtime.

        Args:
            pace: makes that function of the runtime's, for example one that waits before it calls
                the runtime's.
        """
        return SavedModel(self.card, self.directory, self.runtime, pace(self._run))

    def _check_samples(self, samples: Samples, sizes: tuple[int, ...]) -> None:
        """Refuse outputs of other shapes than the card's, and broken numbers."""
        for name, array in samples.outputs().items():
            shape = (*sizes, *self.card.outputs[name].shape[2:])
            if array.shape != shape:
                raise InputError(
                    f"model {self.directory} gives {name} of shape {array.shape}; its card says "
                    f"{shape}"
                )
            if not np.isfinite(array).all():
                raise InputError(
                    f"model {self.directory} gives {name} values that are not finite numbers; "
                    "its weights are damaged or its training failed"
                )

    def check_observation(self, observation: Observation) -> Observation:
        """The observation in the card's types, after checking it against the card.

        Raises:
            InputError: an input is missing or unknown, has the wrong shape, is not finite or lies
                outside the range that the model was trained on.
        """
        wanted = self.card.observation_inputs
        if set(observation) != set(wanted):
            raise InputError(
                f"inputs {sorted(observation)} given; the model takes {sorted(wanted)}"
            )
        checked: Observation = {}
        for name, entry in wanted.items():
            checked[name] = _check_tensor(name, observation[name], entry)
        batch_of(checked)
        return checked

    def check_latent(self, latent: NDArray[Any], batch: int) -> NDArray[np.float32]:
        """Latents `[B, N, Z]` from outside, after checking them against the card.

        Raises:
            InputError: they are not of that shape, of another B, not finite or beyond [-1, 1].
        """
        checked = _check_tensor(LATENT_INPUT, latent, self.card.inputs[LATENT_INPUT])
        if len(checked) != batch or checked.shape[1] < 1:
            raise InputError(
                f"{LATENT_INPUT} has shape {checked.shape} for {batch} states; "
                "it needs one row of 1 or more latents for each"
            )
        return checked


def batch_of(observation: Observation) -> int:
    """How many states the inputs are of.

    Raises:
        InputError: they are of different numbers, or of none.
    """
    sizes = {name: len(array) for name, array in observation.items()}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        raise InputError(f"inputs are of {sizes} states; they must be of the same, one or more")
    return next(iter(sizes.values()))


def _check_tensor(name: str, value: Any, entry: TensorEntry) -> NDArray[Any]:
    """The array in the type of its entry; `"B"`, `"N"` and free axes fit any size."""
    array = np.asarray(value, entry.dtype)
    fixed = [
        (size, wanted)
        for axis, (size, wanted) in enumerate(zip(array.shape, entry.shape, strict=False))
        if not isinstance(wanted, str) and (axis not in entry.free_axes or size < 1)
    ]
    if array.ndim != len(entry.shape) or any(size != wanted for size, wanted in fixed):
        raise InputError(f"{name} has shape {array.shape}; the model takes {entry.shape}")
    if not np.all(np.isfinite(array)):
        raise InputError(f"{name} holds values that are not finite numbers")
    for index, part in enumerate(entry.components):
        values = array if len(entry.components) == 1 else array[..., index]
        _check_range(name, part.name, part.unit, values, part.low, part.high)
    return array


def _check_range(
    tensor: str,
    part: str,
    unit: str,
    values: NDArray[Any],
    low: float | None,
    high: float | None,
) -> None:
    if low is None or high is None or values.size == 0:
        return
    slack = 1e-6 * max(abs(low), abs(high))  # the bounds are not float32 numbers
    for worst in (float(values.min()), float(values.max())):
        if not low - slack <= worst <= high + slack:
            what = part if part == tensor else f"{tensor} {part}"
            measure = "" if unit == "1" else f" {unit}"
            raise InputError(
                f"{what} is {worst:.6g}{measure}; "
                f"the model was trained on {low:g} to {high:g}{measure}"
            )


def load_model(
    model: str | os.PathLike[str] | None = None, runtime: Runtime = "onnx"
) -> SavedModel:
    """Load a saved model.

    Args:
        model: the model's folder, `NAME/VERSION`, or `NAME` for its highest version; or the name of
            a shipped model, such as `planar_grasp`. None stands for `planar_grasp`.
        runtime: `onnx` reads `model.onnx` and needs no TensorFlow; `savedmodel` reads the
            SavedModel.

    Raises:
        InputError: the directory, the card or the model is missing, truncated or of another kind.
    """
    if runtime not in get_args(Runtime):
        raise InputError(
            f"runtime is {runtime!r}; it must be one of {', '.join(get_args(Runtime))}"
        )
    directory = find_model(model)
    card = read_card(directory / CARD_FILE)
    run = (load_onnx if runtime == "onnx" else load_saved_model)(directory, card)
    return SavedModel(card, directory, runtime, run)
