"""An environment whose verdicts are wrong on purpose, to learn a bad critic from."""

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
    """Another environment with noise or a bias in its verdicts; all else is that one's own.

    Args:
        env: its name.
        env_options: of its constructor.
        label_noise: share of the verdicts that are turned round. Whether one is depends on the
            action's own digits, so that the same question is always answered the same.
        boundary_shift: how far the boundary is moved outwards, in half-ranges; below 0 inwards.
            Every axis is tried by that much to both sides.

    Raises:
        InputError: the noise is no share, the shift no number, or the environment cannot be made.
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
        """Verdicts `[B, E]` on actions `[B, E, A]`, some of them wrong."""
        verdicts = self._shifted(states, actions)
        return verdicts ^ (_fraction(actions) < self.label_noise)

    def _shifted(self, states: Sequence[State], actions: NDArray[Any]) -> NDArray[np.bool_]:
        verdicts = self._inner.feasibility(states, actions)
        if self.boundary_shift == 0.0:
            return verdicts
        space = self._inner.action_space
        inside = space.contains(actions)
        for axis in range(space.dim):
            for side in (-1.0, 1.0):
                moved = np.array(actions, copy=True)
                moved[..., axis] += side * abs(self.boundary_shift) * space.half_range[axis]
                # An action beyond the end of an axis says nothing of the set within it.
                moved = space.wrap(np.where(space.periodic, moved, _clipped(space, moved)))
                tried = self._inner.feasibility(states, moved)
                verdicts = verdicts | tried if self.boundary_shift > 0.0 else verdicts & tried
        return verdicts & inside


def _clipped(space: Any, actions: NDArray[Any]) -> NDArray[Any]:
    return np.clip(actions, space.low, space.high).astype(actions.dtype)


def _fraction(actions: NDArray[Any]) -> NDArray[np.float64]:
    """A number in [0, 1) for each action `[..., A]`, as good as random, from its float32 bits."""
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
