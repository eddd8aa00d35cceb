"""Load a saved model, as an ONNX file or a SavedModel, and draw batches of actions from it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fag_tf.card_files import read_card
from fag_tf.cards import CARD_FILE, LATENT_INPUT, ModelCard, TensorEntry
from fag_tf.environment import Observation
from fag_tf.errors import InputError
from fag_tf.model_folders import find_version
from fag_tf.runtimes import Run, load_onnx, load_saved_model

__all__ = [
    "FeasibleSamples",
    "Runtime",
    "Sampler",
    "draw_latent",
    "load_sampler",
    "usual_tries",
]

Runtime = Literal["onnx", "savedmodel"]

# Actions that go through the network at once: bounds the memory, not the answer.
MAX_ACTIONS_AT_ONCE = 4096
TRIES_PER_SAMPLE = 64
LEAST_TRIES = 4096


def draw_latent(seed: int, batch: int, num_samples: int, latent_dim: int) -> NDArray[np.float32]:
    """The noise of a seed: `[B, N, Z]` float32, uniform on [-1, 1).

    It is `2 u - 1` with `u = Generator(Philox(seed)).random((B, N, Z), float32)` of
    `numpy.random`, so whoever knows the seed draws the same noise, with either runtime.

    Raises:
        InputError: the seed is negative, or a size is not positive.
    """
    return _LatentStream(seed, latent_dim).draw(batch, num_samples)


def usual_tries(count: int) -> int:
    """How many actions to draw at most in search of `count`: 64 for each, but 4,096 or more."""
    return max(TRIES_PER_SAMPLE * count, LEAST_TRIES)


class _LatentStream:
    """Successive draws from a seed's stream; for one state they join into one longer draw."""

    def __init__(self, seed: int, latent_dim: int) -> None:
        if seed < 0:
            raise InputError(f"seed is {seed}; it must be 0 or more")
        self._rng = np.random.Generator(np.random.Philox(seed))
        self._latent_dim = latent_dim

    def draw(self, batch: int, num_samples: int) -> NDArray[np.float32]:
        if batch < 1 or num_samples < 1:
            raise InputError(
                f"{num_samples} actions for {batch} states asked for; need 1 or more of both"
            )
        unit = self._rng.random((batch, num_samples, self._latent_dim), np.float32)
        return 2.0 * unit - 1.0  # exact in float32, and below 1


@dataclass(frozen=True)
class FeasibleSamples:
    """What `Sampler.sample_feasible` found for one state.

    Attributes:
        action: `[K', A]` float32, in the order drawn; K' is less than asked for only if all
            allowed tries were used.
        feasibility: `[K']`, none below the threshold.
        tries: how many actions were drawn until the last one needed.
        best: greatest feasibility seen among them all.
    """

    action: NDArray[np.float32]
    feasibility: NDArray[np.float32]
    tries: int
    best: float


class Sampler:
    """A loaded model.

    Attributes:
        card: what `model.json` says.
        directory: where it was loaded from, `NAME/VERSION`.
        runtime: `onnx` or `savedmodel`.
    """

    def __init__(self, card: ModelCard, directory: Path, runtime: Runtime, run: Run) -> None:
        self.card = card
        self.directory = directory
        self.runtime = runtime
        self._run = run

    def sample(
        self, observation: Observation, num_samples: int, seed: int
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
        observation = self.check_observation(observation)
        batch = _batch_of(observation)
        return self.run(observation, draw_latent(seed, batch, num_samples, self.card.latent_dim))

    def sample_feasible(
        self,
        observation: Observation,
        count: int,
        seed: int,
        min_feasibility: float = 0.5,
        max_tries: int | None = None,
    ) -> FeasibleSamples:
        """Draw for one state until `count` actions reach a feasibility, or the tries are used up.

        The answer is the first `count` that pass in the stream of the seed, so a lower threshold
        or another bound of tries never changes the order.

        Args:
            observation: of one state, `[1, ...]`.
            count: K, how many are wanted.
            seed: of the noise.
            min_feasibility: the least critic's probability to keep; 0 keeps all.
            max_tries: how many actions are drawn at most, `usual_tries(count)` if not given.

        Raises:
            InputError: as `sample`; or the threshold is not in [0, 1].
        """
        if count < 1:
            raise InputError(f"{count} actions asked for; need 1 or more")
        if not 0.0 <= min_feasibility <= 1.0:
            raise InputError(f"least feasibility is {min_feasibility}; it must lie in [0, 1]")
        observation = self.check_observation(observation)
        if _batch_of(observation) != 1:
            raise InputError(f"{_batch_of(observation)} states given; draw for one at a time")
        limit = usual_tries(count) if max_tries is None else max_tries
        stream = _LatentStream(seed, self.card.latent_dim)
        kept_actions, kept_feasibility = [], []
        kept, tries, best = 0, 0, 0.0
        while kept < count and tries < limit:
            size = min(max(2 * count, 256), MAX_ACTIONS_AT_ONCE, limit - tries)
            action, feasibility = self.run(observation, stream.draw(1, size))
            best = max(best, float(feasibility.max()))
            passed = np.flatnonzero(feasibility[0] >= min_feasibility)[: count - kept]
            kept_actions.append(action[0, passed])
            kept_feasibility.append(feasibility[0, passed])
            kept += len(passed)
            tries += int(passed[-1]) + 1 if kept == count else size
        dim = self.card.action_space.dim
        return FeasibleSamples(
            np.concatenate([np.empty((0, dim), np.float32), *kept_actions]),
            np.concatenate([np.empty(0, np.float32), *kept_feasibility]),
            tries,
            best,
        )

    def run(
        self, observation: Observation, latent: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The model itself: actions `[B, N, A]` and feasibility `[B, N]` of latents `[B, N, Z]`.

        An action depends on its own latent alone, so many of them go through in parts.
        """
        step = max(1, MAX_ACTIONS_AT_ONCE // latent.shape[0])
        parts = [
            self._run(
                {**observation, LATENT_INPUT: np.ascontiguousarray(latent[:, start : start + step])}
            )
            for start in range(0, latent.shape[1], step)
        ]
        action = np.concatenate([part[0] for part in parts], axis=1)
        feasibility = np.concatenate([part[1] for part in parts], axis=1)
        space = self.card.action_space
        shape = (*latent.shape[:2], space.dim)
        if action.shape != shape or feasibility.shape != shape[:2]:
            raise InputError(
                f"model {self.directory} gives actions of shape {action.shape} and feasibility of "
                f"shape {feasibility.shape}; its card says {shape} and {shape[:2]}"
            )
        if not (np.isfinite(action).all() and np.isfinite(feasibility).all()):
            raise InputError(
                f"model {self.directory} gives values that are not finite numbers; "
                "its weights are damaged or its training failed"
            )
        action = space.wrap(action)
        # float32 can round a value just below the period's end up to it.
        action = np.where(space.periodic & (action >= space.high), space.low, action)
        return action.astype(np.float32), feasibility

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
        _batch_of(checked)
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


def _batch_of(observation: Observation) -> int:
    sizes = {name: len(array) for name, array in observation.items()}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        raise InputError(f"inputs are of {sizes} states; they must be of the same, one or more")
    return next(iter(sizes.values()))


def _check_tensor(name: str, value: Any, entry: TensorEntry) -> NDArray[Any]:
    """The array in the type of its entry; `"B"` and `"N"` in the entry's shape fit any size."""
    array = np.asarray(value, entry.dtype)
    fixed = [
        (size, wanted)
        for size, wanted in zip(array.shape, entry.shape, strict=False)
        if not isinstance(wanted, str)
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


def load_sampler(path: str | os.PathLike[str], runtime: Runtime = "onnx") -> Sampler:
    """Load a saved model.

    Args:
        path: `NAME/VERSION`, or `NAME` for its highest version.
        runtime: `onnx` reads `model.onnx` and needs no TensorFlow; `savedmodel` reads the rest.

    Raises:
        InputError: the directory, the card or the model is missing, truncated or of another kind.
    """
    if runtime not in get_args(Runtime):
        raise InputError(
            f"runtime is {runtime!r}; it must be one of {', '.join(get_args(Runtime))}"
        )
    directory = find_version(path)
    card = read_card(directory / CARD_FILE)
    run = (load_onnx if runtime == "onnx" else load_saved_model)(directory, card)
    return Sampler(card, directory, runtime, run)
