"""An environment with intentionally wrong labels, which trains an inaccurate critic."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.base import WrappedEnvironment
from fag_tf.environments.registry import make_environment
from fag_tf.errors import InputError
from fag_tf.spaces import State

__all__ = ["DegradedEnvironment"]


class DegradedEnvironment(WrappedEnvironment):
    """A wrapper that adds noise or a bias to the labels of another environment.

    All other behaviour is that of the inner environment.

    Args:
        env: name of the inner environment.
        env_options: options of the inner environment's constructor.
        label_noise: share of the labels that are inverted. The digits of the action decide this, so
            that a repeated check gets an equal label.
        boundary_shift: distance by which the boundary moves outwards, in half-ranges; negative
            values move it inwards. Every axis is checked at this distance on both sides.

    Raises:
        InputError: the noise is not a share, the shift is not a number, or the environment cannot
            be made.
    """

    def __init__(
        self,
        env: str,
        env_options: Mapping[str, Any],
        label_noise: float = 0.0,
        boundary_shift: float = 0.0,
    ) -> None:
        if not 0.0 <= label_noise <= 1.0:
            raise InputError(f"label_noise is {label_noise}; it must be within [0, 1]")
        if not np.isfinite(boundary_shift):
            raise InputError(f"boundary_shift is {boundary_shift}; it must be a finite number")
        super().__init__(make_environment(env, env_options))
        self.label_noise = label_noise
        self.boundary_shift = boundary_shift

    def feasibility(self, states: Sequence[State], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Labels `[B, E]` of actions `[B, E, A]`, some of them wrong."""
        labels = self._shifted(states, actions)
        return labels ^ (_fraction(actions) < self.label_noise)

    def _shifted(self, states: Sequence[State], actions: NDArray[Any]) -> NDArray[np.bool_]:
        labels = self._inner.feasibility(states, np.array(actions))  # it may change them
        if self.boundary_shift == 0.0:
            return labels
        space = self._inner.action_space
        inside = space.contains(actions)
        for axis in range(space.dim):
            for side in (-1.0, 1.0):
                moved = np.array(actions, copy=True)
                moved[..., axis] += side * abs(self.boundary_shift) * space.half_range[axis]
                # Actions beyond the end of an axis do not show where the set ends within it.
                moved = space.wrap(np.where(space.periodic, moved, _clipped(space, moved)))
                tried = self._inner.feasibility(states, moved)
                labels = labels | tried if self.boundary_shift > 0.0 else labels & tried
        return labels & inside


def _clipped(space: Any, actions: NDArray[Any]) -> NDArray[Any]:
    return np.clip(actions, space.low, space.high).astype(actions.dtype)


def _fraction(actions: NDArray[Any]) -> NDArray[np.float64]:
    """A pseudorandom number in [0, 1) for each action `[..., A]`, from its float32 bits."""
    bits = np.ascontiguousarray(actions, np.float32).view(np.uint32).astype(np.uint64)
    mixed = np.zeros(bits.shape[:-1], np.uint64)
    for axis in range(bits.shape[-1]):
        mixed = _scramble(mixed ^ bits[..., axis])
    return (mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def _scramble(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
