"""Islands that fill a chosen share of a space with any number of axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.sampled_truth import SampledTruth
from fag_tf.environments.toys.base import Array, MeasuredToy, check_number, unit_axes
from fag_tf.errors import InputError
from fag_tf.spaces import ArraySpec

__all__ = ["Islands", "IslandsState"]

SHAPES = ("box", "ball")
MARGIN = 0.1
NEARLY_ALL = 0.98
"""Greatest half width of an island, in half-ranges."""


@dataclass(frozen=True, eq=False)
class IslandsState:
    """Centres and half widths of the islands, both `[num_islands, A]`."""

    centres: Array
    half_widths: Array


class Islands(MeasuredToy[IslandsState]):
    """Disjoint boxes or ellipsoids in [-1, 1]^dim whose share of the space does not depend on dim.

    Uniform actions are therefore feasible equally often in every dimension, and only the dimension
    changes. A state draws the axis along which the islands lie side by side. Each island lies in a
    slot of this axis and leaves a fifth of the slot free. On the other axes the islands have the
    width that the share requires.

    Args:
        dim: number of axes.
        num_islands: number of islands.
        share: share of the space that all islands fill together. Ellipsoids of many axes cannot
            fill a large share, because a ball fills 31% of the cube around it at 4 axes, 1.6% at 8
            and 0.0004% at 16; ellipsoids are then as large as the slots allow.
        shape: `box` or `ball`.
        graded: whether the environment offers `violation`, which leads to islands that are too
            rare to be found by labels alone.
    """

    name = "islands"
    state_class = IslandsState
    kinds = ("even", "uneven")

    def __init__(
        self,
        dim: int = 2,
        num_islands: int = 2,
        share: float = 0.05,
        shape: str = "box",
        graded: bool = False,
    ) -> None:
        check_number("num_islands", num_islands, 16)
        if not 0.0 < share <= 0.2:
            raise InputError(f"share is {share}, must be above 0 and at most 0.2")
        if shape not in SHAPES:
            raise InputError(f"shape is {shape!r}, must be one of {', '.join(SHAPES)}")
        self.action_space = unit_axes(dim)
        self.num_islands = num_islands
        self.share = share
        self.shape = shape
        if not graded:
            self.violation = None  # type: ignore[assignment, method-assign]
        # Share of the box around an island that the island fills.
        self.fill = 1.0 if shape == "box" else _ball(dim) / 2.0**dim
        self.observation_spec = {
            "centres": ArraySpec((num_islands, dim)),
            "half_widths": ArraySpec((num_islands, dim)),
        }

    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> IslandsState:
        """Draw places, widths and shares: equal shares, or the largest four times the smallest."""
        dim, count = self.action_space.dim, self.num_islands
        ratio = {None: rng.uniform(1.0, 4.0), "even": 1.0, "uneven": 4.0}[kind]
        shares = rng.permutation(np.linspace(1.0, ratio, count))
        shares *= self.share / shares.sum()
        along = int(rng.integers(dim))
        slot = 2.0 / count
        half_widths = np.stack([self._half_widths(rng, share, along, slot) for share in shares])
        room = 1.0 - half_widths
        room[:, along] = slot * (0.5 - MARGIN) - half_widths[:, along]
        centres = room * rng.uniform(-1.0, 1.0, room.shape)
        centres[:, along] += -1.0 + slot * (rng.permutation(count) + 0.5)
        return IslandsState(centres, half_widths)

    def _half_widths(
        self, rng: np.random.Generator, share: float, along: int, slot: float
    ) -> Array:
        """Half widths `[A]` of an island: 2^A times `fill` times their product is its volume."""
        dim = self.action_space.dim
        product = share / self.fill
        even = product ** (1.0 / dim)
        widths = np.full(dim, even)
        if dim > 1:
            widths[along] = min(even, slot * rng.uniform(0.25, 0.5 - MARGIN))
            rest = min((product / widths[along]) ** (1.0 / (dim - 1)), NEARLY_ALL)
            uneven = rng.uniform(-0.5, 0.5, dim - 1)
            uneven = np.exp(min(0.6, math.log(NEARLY_ALL / rest)) * (uneven - uneven.mean()))
            widths[np.arange(dim) != along] = rest * uneven
        widths[along] = min(widths[along], slot * (0.5 - MARGIN))
        return widths

    def _from_centres(self, state: IslandsState, actions: Array) -> Array:
        """Distances of actions `[..., A]` from the centres, `[..., num_islands]`; 1 at the shore.

        They are distances of the shape: the largest over the axes, or the Euclidean one.
        """
        apart = np.abs(actions[..., None, :] - state.centres) / state.half_widths
        far: Array = apart.max(-1) if self.shape == "box" else np.sqrt(np.sum(apart**2, axis=-1))
        return far

    def contains(self, state: IslandsState, actions: Array) -> NDArray[np.bool_]:
        """Whether actions `[..., A]` lie on one of the islands."""
        return np.any(self._from_centres(state, actions) <= 1.0, axis=-1)

    def violation(
        self, states: Sequence[IslandsState], actions: NDArray[Any]
    ) -> NDArray[np.float64]:
        """How far actions `[B, E, A]` are from the nearest shore: `[B, E]`.

        The unit is the half width of that island on each axis, or its half axes. It is infinite for
        an action that is outside the space.
        """
        actions = np.asarray(actions, dtype=np.float64)
        inside = self.action_space.contains(actions)
        rows = np.where(inside[..., None], actions, 0.0)
        far = [self._from_centres(*each).min(-1) for each in zip(states, rows, strict=True)]
        return np.where(inside, np.maximum(np.stack(far) - 1.0, 0.0), np.inf)

    def _volumes(self, state: IslandsState) -> Array:
        volumes: Array = self.fill * np.prod(2.0 * state.half_widths, axis=-1)
        return volumes

    def volume(self, state: IslandsState) -> float:
        """Sum of the islands' volumes."""
        return float(self._volumes(state).sum())

    def num_modes(self, state: IslandsState) -> int:
        """Number of modes: one for each island."""
        return self.num_islands

    def sample_feasible(self, rng: np.random.Generator, state: IslandsState, n: int) -> Array:
        """Draw `n` actions `[n, A]`: an island by its volume, then a uniform place on it."""
        dim = self.action_space.dim
        volumes = self._volumes(state)
        island = rng.choice(self.num_islands, size=n, p=volumes / volumes.sum())
        if self.shape == "box":
            inside = rng.uniform(-1.0, 1.0, (n, dim))
        else:
            inside = rng.normal(size=(n, dim))
            inside /= np.linalg.norm(inside, axis=-1, keepdims=True)
            inside *= rng.uniform(size=(n, 1)) ** (1.0 / dim)
        return state.centres[island] + inside * state.half_widths[island]

    def truth(self, state: IslandsState) -> SampledTruth:
        """The set as draws in every dimension, so that dimensions can be compared."""
        volumes = self._volumes(state)

        def mode_of(actions: Array) -> NDArray[np.int64]:
            held = self._from_centres(state, actions) <= 1.0
            return np.where(held.any(axis=-1), held.argmax(axis=-1), -1)

        return SampledTruth(
            space=self.action_space,
            draw=lambda rng, n: self.sample_feasible(rng, state, n),
            mode_of=mode_of,
            mode_shares=volumes / volumes.sum(),
        )


def _ball(dim: int) -> float:
    """Volume of the unit ball."""
    return math.pi ** (dim / 2) / math.gamma(dim / 2 + 1)
