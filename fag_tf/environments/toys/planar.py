"""Small environments whose feasible sets have a known volume, known modes and exact samples.

They serve to test methods and to compare the library's estimates with exact values. Every set
changes with the state, so that an actor that ignores its observation fails.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.toys.base import Array, MeasuredToy, check_number, unit_axes
from fag_tf.spaces import ActionSpace, ArraySpec, Axis

__all__ = ["Boxes", "BoxesState", "Moons", "MoonsState", "Ring", "RingState"]


@dataclass(frozen=True, eq=False)
class BoxesState:
    """Centres and half widths of the boxes, both `[num_boxes, A]`."""

    centres: Array
    half_widths: Array


class Boxes(MeasuredToy[BoxesState]):
    """Disjoint boxes of unequal size in [-1, 1]^dim, each of which is one mode.

    The space is divided into equal slots. A state puts each box into a slot drawn at random and
    leaves a tenth of the slot free on each side of the box. No two boxes therefore touch.

    Args:
        dim: number of axes.
        num_boxes: number of boxes.
    """

    state_class = BoxesState
    kinds = ("small", "large")
    margin = 0.1
    sizes: Mapping[str | None, tuple[float, float]] = {
        None: (0.10, 0.30),
        "small": (0.10, 0.20),
        "large": (0.20, 0.30),
    }

    def __init__(self, dim: int = 2, num_boxes: int = 3) -> None:
        check_number("num_boxes", num_boxes, 64)
        self.name = "boxes"
        self.action_space = unit_axes(dim)
        self.num_boxes = num_boxes
        self.slots = next(count for count in range(1, 65) if count**dim >= num_boxes)
        self.observation_spec = {
            "centres": ArraySpec((num_boxes, dim)),
            "half_widths": ArraySpec((num_boxes, dim)),
        }

    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> BoxesState:
        """Draw slots, places and sizes of the boxes: small boxes, large boxes or a mix."""
        dim, width = self.action_space.dim, 2.0 / self.slots
        chosen = rng.choice(self.slots**dim, self.num_boxes, replace=False)
        middles = -1.0 + width * (np.stack(np.unravel_index(chosen, (self.slots,) * dim), -1) + 0.5)
        half_widths = width * rng.uniform(*self.sizes[kind], (self.num_boxes, dim))
        room = width * (0.5 - self.margin) - half_widths
        return BoxesState(middles + room * rng.uniform(-1.0, 1.0, room.shape), half_widths)

    def contains(self, state: BoxesState, actions: Array) -> NDArray[np.bool_]:
        """Whether actions `[..., A]` lie in one of the boxes."""
        apart = np.abs(actions[..., None, :] - state.centres)
        return np.any(np.all(apart <= state.half_widths, axis=-1), axis=-1)

    def volume(self, state: BoxesState) -> float:
        """Sum of the boxes' volumes."""
        return float(np.sum(np.prod(2.0 * state.half_widths, axis=-1)))

    def num_modes(self, state: BoxesState) -> int:
        """Number of modes: one for each box."""
        return self.num_boxes

    def sample_feasible(self, rng: np.random.Generator, state: BoxesState, n: int) -> Array:
        """Draw `n` actions `[n, A]`: a box by its volume, then a uniform place in it."""
        volumes = np.prod(2.0 * state.half_widths, axis=-1)
        box = rng.choice(self.num_boxes, size=n, p=volumes / volumes.sum())
        inside = rng.uniform(-1.0, 1.0, (n, self.action_space.dim))
        return state.centres[box] + inside * state.half_widths[box]

    def least_cells(self) -> int:
        """Least number of cells on an axis: the gap between two boxes holds two cells.

        The gap is a fifth of a slot.
        """
        return 12 * self.slots


@dataclass(frozen=True, eq=False)
class RingState:
    """Centre `[A]` of a shell, and its inner and outer radius `[2]`."""

    centre: Array
    radii: Array


class Ring(MeasuredToy[RingState]):
    """A shell between two spheres in [-1, 1]^dim with one mode; in the plane an annulus.

    On a line the shell is two intervals, which are two modes.

    Args:
        dim: number of axes.
    """

    state_class = RingState
    kinds = ("thin", "thick")
    hollow: Mapping[str | None, tuple[float, float]] = {
        None: (0.5, 0.9),
        "thin": (0.8, 0.9),
        "thick": (0.5, 0.6),
    }

    def __init__(self, dim: int = 2) -> None:
        self.name = "ring"
        self.action_space = unit_axes(dim)
        self.observation_spec = {"centre": ArraySpec((dim,)), "radii": ArraySpec((2,))}

    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> RingState:
        """Draw place, size and thickness; the whole shell lies in the space."""
        outer = rng.uniform(0.4, 0.8)
        inner = outer * rng.uniform(*self.hollow[kind])
        centre = (1.0 - outer) * rng.uniform(-1.0, 1.0, self.action_space.dim)
        return RingState(centre, np.array([inner, outer]))

    def contains(self, state: RingState, actions: Array) -> NDArray[np.bool_]:
        """Whether actions `[..., A]` lie between the spheres."""
        radius = np.linalg.norm(actions - state.centre, axis=-1)
        return (radius >= state.radii[0]) & (radius <= state.radii[1])

    def volume(self, state: RingState) -> float:
        """Difference of two balls; the unit ball has the volume pi^(d/2) / Gamma(d/2 + 1)."""
        dim = self.action_space.dim
        ball = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1)
        return float(ball * (state.radii[1] ** dim - state.radii[0] ** dim))

    def num_modes(self, state: RingState) -> int:
        """Number of modes: two on a line, otherwise one."""
        return 2 if self.action_space.dim == 1 else 1

    def sample_feasible(self, rng: np.random.Generator, state: RingState, n: int) -> Array:
        """Draw `n` actions `[n, A]`: a direction, then a radius by the volume inside it."""
        dim = self.action_space.dim
        direction = rng.normal(size=(n, dim))
        direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
        inner, outer = state.radii**dim
        radius = rng.uniform(inner, outer, (n, 1)) ** (1.0 / dim)
        return state.centre + radius * direction


@dataclass(frozen=True, eq=False)
class MoonsState:
    """Two crescents, the second one half a period from the first one and upside down.

    Attributes:
        direction: cosine and sine of the angle of the first crescent's centre, `[2]`.
        heights: height of the tips of each crescent, `[2]`.
        shape: half width in radians, height of the inner edge and height of the outer edge, `[3]`.
    """

    direction: Array
    heights: Array
    shape: Array


class Moons(MeasuredToy[MoonsState]):
    """Two crescents on a cylinder with a bounded height and a periodic angle: two equal modes.

    A crescent lies between two parabolas with common tips, at `inner` and `outer` times `1 - (angle
    / half width)^2`. A crescent may cross the seam of the angle.
    """

    state_class = MoonsState
    kinds = ("middle", "seam")

    def __init__(self) -> None:
        self.name = "moons"
        self.action_space = ActionSpace(
            [Axis("height", -1.0, 1.0), Axis("angle", -math.pi, math.pi, "rad", periodic=True)]
        )
        self.observation_spec = {
            "direction": ArraySpec((2,)),
            "heights": ArraySpec((2,)),
            "shape": ArraySpec((3,)),
        }

    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> MoonsState:
        """Draw angle, heights and shape; in the kind `seam` one crescent crosses the seam."""
        middle = {"middle": math.pi / 2, "seam": 0.0}
        angle = rng.uniform(-math.pi, math.pi) if kind is None else middle[kind]
        if kind is not None:
            angle += rng.uniform(-0.3, 0.3) + math.pi * rng.integers(2)
        inner = rng.uniform(0.3, 0.5)
        outer = inner + rng.uniform(0.3, 0.4)
        return MoonsState(
            direction=np.array([math.cos(angle), math.sin(angle)]),
            heights=np.array([1.0, -1.0]) * rng.uniform(-0.9, 0.9 - outer, 2),
            shape=np.array([rng.uniform(0.8, 1.2), inner, outer]),
        )

    def _angle(self, state: MoonsState) -> float:
        return math.atan2(state.direction[1], state.direction[0])

    def contains(self, state: MoonsState, actions: Array) -> NDArray[np.bool_]:
        """Whether actions `[..., 2]` lie in one of the crescents."""
        half_width, inner, outer = state.shape
        first = self._angle(state)
        held = np.zeros(actions.shape[:-1], dtype=bool)
        for moon, up in enumerate((1.0, -1.0)):
            turn = actions[..., 1] - first - moon * math.pi
            turn = np.mod(turn + math.pi, 2.0 * math.pi) - math.pi
            arch = 1.0 - (turn / half_width) ** 2
            rise = up * (actions[..., 0] - state.heights[moon])
            held |= (arch > 0.0) & (rise >= inner * arch) & (rise <= outer * arch)
        return held

    def volume(self, state: MoonsState) -> float:
        """Two areas between parabolas, each 4/3 of the half width times the thickness."""
        half_width, inner, outer = state.shape
        return float(2.0 * 4.0 / 3.0 * half_width * (outer - inner))

    def num_modes(self, state: MoonsState) -> int:
        """Number of modes: two."""
        return 2

    def sample_feasible(self, rng: np.random.Generator, state: MoonsState, n: int) -> Array:
        """Draw `n` actions `[n, 2]` uniform over the feasible set.

        The order of the draws is a crescent, an angle by the thickness there, and a height between
        the edges.
        """
        half_width, inner, outer = state.shape
        moon = rng.integers(2, size=n)
        along = 2.0 * rng.beta(2.0, 2.0, n) - 1.0
        rise = (1.0 - along**2) * rng.uniform(inner, outer, n)
        height = state.heights[moon] + np.where(moon == 0, rise, -rise)
        angle = self._angle(state) + moon * math.pi + half_width * along
        return self.action_space.wrap(np.stack([height, angle], axis=-1))
