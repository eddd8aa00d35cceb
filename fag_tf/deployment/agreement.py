"""Comparison of the files of a saved model with the live module, over several sizes."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.deployment.model_card import ModelCard
from fag_tf.deployment.runtimes import RunFn
from fag_tf.deployment.samples import Samples
from fag_tf.errors import InputError
from fag_tf.spaces import ACTION_OUTPUT, LATENT_INPUT, Observation

__all__ = [
    "LOG_DENSITY_TOLERANCE",
    "SIZES",
    "Difference",
    "Observe",
    "check_sample",
    "compare",
    "uniform_observations",
]

SIZES = ((1, 1), (2, 7), (3, 64))  # (B, N) of the comparison: states, and actions for each state

# Bound on the mean difference of the log densities: means of weights 1/q are then right to 2 %.
# The bound is on the mean, because single ones may differ by more. Where a density is narrow or
# has a steep edge, the last digits of an action change it much.
LOG_DENSITY_TOLERANCE = 0.02

# Greatest share of actions that may be another choice. An actor or a policy that chooses among
# several holds or candidates jumps where two of them tie, and runtimes round differently.
MOST_JUMPS = 0.01

Observe = Callable[[np.random.Generator, int], Observation]
"""Function that draws the observations of B states."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """Differences between an exported file and the live module.

    Attributes:
        action: largest difference of an action, in half-ranges of its axis; on periodic axes the
            shorter arc.
        feasibility: largest difference of the probability.
        mean_log_density: mean difference of the log density; None for a module without it.
        jumps: share of actions that are left out of the other differences, because they are
            another choice: they differ by more than the tolerance, and at most `MOST_JUMPS` do.
    """

    action: float
    feasibility: float
    mean_log_density: float | None = None
    jumps: float = 0.0

    def check(self, name: str, tolerance: float) -> None:
        """Refuse the file `name` if it differs too much.

        Raises:
            InputError: action or feasibility differ by more than the tolerance, or the log density
                by more than `LOG_DENSITY_TOLERANCE`.
        """
        worst = float(np.max([self.action, self.feasibility]))  # unlike max, np.max propagates NaN
        if not worst <= tolerance:  # true for NaN too
            raise InputError(
                f"{name} differs from the live actor by {worst:.2g}, "
                f"more than the tolerance of {tolerance:g}; nothing was exported"
            )
        if self.mean_log_density is not None and not self.mean_log_density <= LOG_DENSITY_TOLERANCE:
            raise InputError(
                f"{name} differs from the live actor by {self.mean_log_density:.2g} in the mean "
                f"log density, more than {LOG_DENSITY_TOLERANCE:g}; nothing was exported"
            )


def uniform_observations(card: ModelCard) -> Observe:
    """Observations that are uniform within the bounds of the card, or within [0, 1]."""

    def observe(rng: np.random.Generator, batch: int) -> Observation:
        observation: Observation = {}
        for name, entry in card.observation_inputs.items():
            low = [0.0 if part.low is None else part.low for part in entry.components]
            high = [1.0 if part.high is None else part.high for part in entry.components]
            shape = (batch, *(int(size) for size in entry.shape[1:]))
            observation[name] = rng.uniform(low, high, shape).astype(entry.dtype)
        return observation

    return observe


def compare(
    run: RunFn, live: RunFn, card: ModelCard, observe: Observe, seed: int, tolerance: float
) -> Difference:
    """Compare a file with the live module on equal inputs of all `SIZES`.

    Args:
        run: the file's function.
        live: the live module's function.
        card: describes both.
        observe: draws the observations.
        seed: seed of the inputs.
        tolerance: difference above which an action may be another choice, in half-ranges of an
            axis and in probability.

    Raises:
        InputError: an output has another shape than the card says.
    """
    space = card.action_space
    rng = np.random.default_rng(seed)
    parts = []
    for sizes in SIZES:
        latent = rng.uniform(-1.0, 1.0, (*sizes, card.latent_dim)).astype(np.float32)
        inputs = {**observe(rng, sizes[0]), LATENT_INPUT: latent}
        ours, theirs = _checked(run(inputs), card, sizes), _checked(live(inputs), card, sizes)
        actions = np.abs(space.difference(ours.action, theirs.action) / space.half_range)
        differences = {ACTION_OUTPUT: np.max(actions, axis=-1)}  # np.max propagates a NaN
        for name, array in theirs.outputs().items():
            if name != ACTION_OUTPUT:
                differences[name] = _apart(ours.outputs()[name], array)
        parts.append(Samples.from_outputs(differences).each(np.ravel))
    apart = Samples.joined(parts, axis=0)
    jumped = (apart.action > tolerance) | (apart.feasibility > tolerance)  # a NaN is no jump
    if np.mean(jumped) <= MOST_JUMPS:
        apart = apart.each(lambda array: array[~jumped])
    else:
        jumped[:] = False
    return Difference(
        float(np.max(apart.action)),
        float(np.max(apart.feasibility)),
        None if apart.log_density is None else float(np.mean(apart.log_density)),
        float(np.mean(jumped)),
    )


def _checked(samples: Samples, card: ModelCard, sizes: tuple[int, int]) -> Samples:
    """The card's outputs of a model, in double precision."""
    outputs = samples.outputs()
    for name in card.sample_outputs:
        _check_shape("the actor", name, outputs, card, sizes)
    return Samples.from_outputs(
        {name: outputs[name].astype(np.float64) for name in card.sample_outputs}
    )


def _check_shape(
    who: str, name: str, outputs: dict[str, NDArray[Any]], card: ModelCard, sizes: tuple[int, int]
) -> None:
    shape = (*sizes, *card.outputs[name].shape[2:])
    if name not in outputs:
        raise InputError(f"{who} gives no {name}, which its card lists")
    if outputs[name].shape != shape:
        raise InputError(
            f"{who} gives {name} of shape {outputs[name].shape} where {shape} is right"
        )


def _apart(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[Any]:
    """Differences; 0 where both are the same infinity."""
    with np.errstate(invalid="ignore"):
        return np.where(ours == theirs, 0.0, np.abs(ours - theirs))


def check_sample(directory: Path, card: ModelCard, observe: Observe, seed: int) -> None:
    """Check the `sample` signature of a SavedModel.

    Raises:
        InputError: an output is missing or of another shape than the card's, one seed gives
            different actions, or all seeds give the same ones.
    """
    loaded = tf.saved_model.load(str(directory))
    sample = loaded.signatures["sample"]
    rng = np.random.default_rng(seed)
    for sizes in SIZES:
        state = {name: tf.constant(array) for name, array in observe(rng, sizes[0]).items()}

        def draw(stream: int, state: Any = state, number: int = sizes[1]) -> dict[str, Any]:
            outputs = sample(
                **state, num_samples=tf.constant(number), seed=tf.constant([stream, 0])
            )
            return {name: tensor.numpy() for name, tensor in outputs.items()}

        first, again, other = draw(1), draw(1), draw(2)
        for name in card.sample_outputs:
            _check_shape("signature `sample`", name, first, card, sizes)
        if not np.array_equal(first[ACTION_OUTPUT], again[ACTION_OUTPUT]):
            raise InputError("signature `sample` gives different actions for the same seed")
        if np.array_equal(first[ACTION_OUTPUT], other[ACTION_OUTPUT]):
            raise InputError("signature `sample` gives the same actions whatever the seed")
