"""Islands of a chosen share of a space of any number of axes: what dimension alone does."""

import math
from dataclasses import dataclass

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
"""Widest that an island is, in half-ranges to each side."""


@dataclass(frozen=True, eq=False)
class IslandsState:
    """Middles and half axes of the islands, both `[num_islands, A]`."""

    centres: Array
    half_widths: Array


class Islands(MeasuredToy[IslandsState]):
    """Disjoint boxes or ellipsoids in [-1, 1]^dim that fill the same share of it for any dim.

    So uniform actions are right equally often whatever the dimension, and what changes is the
    dimension alone. A state chooses the axis along which the islands lie side by side, in slots
    with a fifth of each left free; on the others they are as wide as the share asks for.

    Args:
        dim: number of axes.
        num_islands: number of islands.
        share: of the space, all islands together. Ellipsoids of many axes cannot fill as much,
            since a ball fills 31% of the cube around it at 4 axes, 1.6% at 8 and 0.0004% at 16;
            then they are as large as fits.
        shape: `box` or `ball`.
    """

    name = "islands"
    state_class = IslandsState
    kinds = ("even", "uneven")

    def __init__(
        self, dim: int = 2, num_islands: int = 2, share: float = 0.05, shape: str = "box"
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
        # Of the box around it.
        self.fill = 1.0 if shape == "box" else _ball(dim) / 2.0**dim
        self.observation_spec = {
            "centres": ArraySpec((num_islands, dim)),
            "half_widths": ArraySpec((num_islands, dim)),
        }

    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> IslandsState:
        """Other places, widths and shares: even, or the largest four times the smallest."""
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
        """Of one island `[A]`: their product, times `fill`, is its share of the space."""
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

    def _from_centres(self, state: IslandsState, actions: Array) -> NDArray[np.bool_]:
        """Which islands hold each of the actions `[..., A]`: `[..., num_islands]`."""
        apart = np.abs(actions[..., None, :] - state.centres) / state.half_widths
        if self.shape == "box":
            held: NDArray[np.bool_] = np.all(apart <= 1.0, axis=-1)
        else:
            held = np.sum(apart**2, axis=-1) <= 1.0
        return held

    def contains(self, state: IslandsState, actions: Array) -> NDArray[np.bool_]:
        """Whether actions `[..., A]` lie on one of the islands."""
        return np.any(self._from_centres(state, actions), axis=-1)

    def _volumes(self, state: IslandsState) -> Array:
        volumes: Array = self.fill * np.prod(2.0 * state.half_widths, axis=-1)
        return volumes

    def volume(self, state: IslandsState) -> float:
        """Sum of the islands' volumes."""
        return float(self._volumes(state).sum())

    def num_modes(self, state: IslandsState) -> int:
        """One for each island."""
        return self.num_islands

    def sample_feasible(self, rng: np.random.Generator, state: IslandsState, n: int) -> Array:
        """Draw an island by its volume, then a place on it."""
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
        """Draws, whatever the dimension, so that figures can be compared between dimensions."""
        volumes = self._volumes(state)

        def mode_of(actions: Array) -> NDArray[np.int64]:
            held = self._from_centres(state, actions)
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
