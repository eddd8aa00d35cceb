"""Small environments whose feasible sets are known exactly: volume, modes, how to draw from them.

They are there to try a method on, and to hold the library's estimates against the truth. Every set
moves with the state, so that an actor that ignores its observation fails.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from fag_tf.environment import ArraySpec, Observation
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, Axis
from fag_tf.truth import GridTruth

__all__ = ["Boxes", "BoxesState", "Moons", "MoonsState", "Ring", "RingState", "Toy"]

CELLS = {1: 1024, 2: 128, 3: 48}
COARSENING = {1: 16, 2: 8, 3: 4}
MOST_AXES = 32

Array = NDArray[np.float64]
S = TypeVar("S")


class Toy(ABC, Generic[S]):
    """An environment with an exact truth. A subclass gives the set; the rest follows from it.

    States are frozen dataclasses whose fields are the observation, float32 on the way out.
    """

    name: str
    action_space: ActionSpace
    observation_spec: Mapping[str, ArraySpec]
    kinds: tuple[str, ...]

    @abstractmethod
    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> S:
        """One state, of any kind or of that one out of `kinds`."""

    @abstractmethod
    def contains(self, state: S, actions: Array) -> NDArray[np.bool_]:
        """Whether actions `[..., A]` that lie in the action space are feasible, `[...]`."""

    @abstractmethod
    def volume(self, state: S) -> float:
        """Exact volume of the feasible set, in the product of the axes' units."""

    @abstractmethod
    def num_modes(self, state: S) -> int:
        """Exact number of connected parts of the feasible set."""

    @abstractmethod
    def sample_feasible(self, rng: np.random.Generator, state: S, n: int) -> Array:
        """Actions uniform over the feasible set, `[n, A]`."""

    def draw_states(self, rng: np.random.Generator, batch: int) -> list[S]:
        """Draw `batch` states of any kind."""
        return [self.draw_state(rng) for _ in range(batch)]

    def observe(self, states: Sequence[S]) -> Observation:
        """The states' own numbers, by name: `[B, *spec.shape]` float32."""
        return {
            name: np.stack([getattr(state, name) for state in states]).astype(spec.dtype)
            for name, spec in self.observation_spec.items()
        }

    def feasibility(self, states: Sequence[S], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Exact feasibility of actions `[B, E, A]`: booleans `[B, E]`."""
        actions = np.asarray(actions, dtype=np.float64)
        finite = np.where(np.isfinite(actions), actions, 0.0)  # the space refuses the others
        held = [self.contains(state, rows) for state, rows in zip(states, finite, strict=True)]
        return np.stack(held) & self.action_space.contains(actions)

    def evaluation_states(
        self, rng: np.random.Generator, poses: int, objects: Sequence[str] | None = None
    ) -> dict[str, list[S]]:
        """`poses` states of each kind, all kinds if `objects` is None.

        Raises:
            InputError: there is no such kind.
        """
        chosen = self.kinds if objects is None else tuple(objects)
        for kind in chosen:
            if kind not in self.kinds:
                raise InputError(
                    f"{self.name} has no object {kind!r}; it has {', '.join(self.kinds)}"
                )
        return {kind: [self.draw_state(rng, kind) for _ in range(poses)] for kind in chosen}

    def truth(self, state: S) -> GridTruth:
        """The set on a grid, cells judged at their centres.

        Raises:
            InputError: the action space has more than three axes, too many for a grid.
        """
        axes = self.action_space.axes
        if len(axes) not in CELLS:
            raise InputError(f"{self.name} has {len(axes)} axes; a grid is made for at most 3")
        count = max(CELLS[len(axes)], self.least_cells())
        ticks = [axis.low + axis.width * (np.arange(count) + 0.5) / count for axis in axes]
        centres = np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1)
        coarsening = COARSENING[len(axes)]
        return GridTruth.from_mask(self.contains(state, centres), axes, coarsening=coarsening)

    def least_cells(self) -> int:
        """Cells on an axis that a grid needs to tell the parts of the set from one another."""
        return 1


def _unit_axes(dim: int) -> ActionSpace:
    if not 1 <= dim <= MOST_AXES:
        raise InputError(f"dim is {dim}, must be from 1 to {MOST_AXES}")
    return ActionSpace([Axis(f"a{index}", -1.0, 1.0) for index in range(dim)])


@dataclass(frozen=True, eq=False)
class BoxesState:
    """Middles and half widths of the boxes, both `[num_boxes, A]`."""

    centres: Array
    half_widths: Array


class Boxes(Toy[BoxesState]):
    """Disjoint boxes in [-1, 1]^dim, as many modes as boxes, of unequal size.

    The space is divided into equal slots; a state puts each box into one drawn at random and
    leaves a tenth of the slot free around it, so that no two boxes ever touch.

    Args:
        dim: number of axes.
        num_boxes: number of boxes.
    """

    kinds = ("small", "large")
    margin = 0.1
    sizes: Mapping[str | None, tuple[float, float]] = {
        None: (0.10, 0.30),
        "small": (0.10, 0.20),
        "large": (0.20, 0.30),
    }

    def __init__(self, dim: int = 2, num_boxes: int = 3) -> None:
        if not 1 <= num_boxes <= 64:
            raise InputError(f"num_boxes is {num_boxes}, must be from 1 to 64")
        self.name = "boxes"
        self.action_space = _unit_axes(dim)
        self.num_boxes = num_boxes
        self.slots = next(count for count in range(1, 65) if count**dim >= num_boxes)
        self.observation_spec = {
            "centres": ArraySpec((num_boxes, dim)),
            "half_widths": ArraySpec((num_boxes, dim)),
        }

    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> BoxesState:
        """Other slots, places within them and sizes; small or large boxes, or a mix."""
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
        """One for each box."""
        return self.num_boxes

    def sample_feasible(self, rng: np.random.Generator, state: BoxesState, n: int) -> Array:
        """Draw a box by its volume, then a place in it."""
        volumes = np.prod(2.0 * state.half_widths, axis=-1)
        box = rng.choice(self.num_boxes, size=n, p=volumes / volumes.sum())
        inside = rng.uniform(-1.0, 1.0, (n, self.action_space.dim))
        return state.centres[box] + inside * state.half_widths[box]

    def least_cells(self) -> int:
        """The gap between two boxes, a fifth of a slot, must hold two cells."""
        return 12 * self.slots


@dataclass(frozen=True, eq=False)
class RingState:
    """Middle `[A]` of a shell and its inner and outer radius `[2]`."""

    centre: Array
    radii: Array


class Ring(Toy[RingState]):
    """A shell between two spheres in [-1, 1]^dim: an annulus in the plane, one mode.

    On a line it is two intervals, two modes.

    Args:
        dim: number of axes.
    """

    kinds = ("thin", "thick")
    hollow: Mapping[str | None, tuple[float, float]] = {
        None: (0.5, 0.9),
        "thin": (0.8, 0.9),
        "thick": (0.5, 0.6),
    }

    def __init__(self, dim: int = 2) -> None:
        self.name = "ring"
        self.action_space = _unit_axes(dim)
        self.observation_spec = {"centre": ArraySpec((dim,)), "radii": ArraySpec((2,))}

    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> RingState:
        """Another place, size and thickness; the shell lies wholly in the space."""
        outer = rng.uniform(0.4, 0.8)
        inner = outer * rng.uniform(*self.hollow[kind])
        centre = (1.0 - outer) * rng.uniform(-1.0, 1.0, self.action_space.dim)
        return RingState(centre, np.array([inner, outer]))

    def contains(self, state: RingState, actions: Array) -> NDArray[np.bool_]:
        """Whether actions `[..., A]` lie between the spheres."""
        radius = np.linalg.norm(actions - state.centre, axis=-1)
        return (radius >= state.radii[0]) & (radius <= state.radii[1])

    def volume(self, state: RingState) -> float:
        """Difference of two balls; the unit ball has pi^(d/2) / Gamma(d/2 + 1)."""
        dim = self.action_space.dim
        ball = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1)
        return float(ball * (state.radii[1] ** dim - state.radii[0] ** dim))

    def num_modes(self, state: RingState) -> int:
        """One, or two on a line."""
        return 2 if self.action_space.dim == 1 else 1

    def sample_feasible(self, rng: np.random.Generator, state: RingState, n: int) -> Array:
        """Draw a direction, then a radius by the volume inside it."""
        dim = self.action_space.dim
        direction = rng.normal(size=(n, dim))
        direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
        inner, outer = state.radii**dim
        radius = rng.uniform(inner, outer, (n, 1)) ** (1.0 / dim)
        return state.centre + radius * direction


@dataclass(frozen=True, eq=False)
class MoonsState:
    """Two crescents, the second half a period from the first and upside down.

    Attributes:
        direction: cosine and sine of the angle that the first is centred at `[2]`.
        heights: height of the tips of each `[2]`.
        shape: half width in radians, and height of the inner and the outer edge `[3]`.
    """

    direction: Array
    heights: Array
    shape: Array


class Moons(Toy[MoonsState]):
    """Two crescents on a cylinder, a bounded height and a periodic angle: two equal modes.

    A crescent lies between two parabolas with common tips, at `inner` and `outer` times
    `1 - (angle / half width)^2`. It may straddle the seam of the angle.
    """

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
        """Another angle, heights and shape; on the seam one crescent always straddles it."""
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
        """Two areas between parabolas, each 4/3 of half the width times the thickness."""
        half_width, inner, outer = state.shape
        return float(2.0 * 4.0 / 3.0 * half_width * (outer - inner))

    def num_modes(self, state: MoonsState) -> int:
        """Two."""
        return 2

    def sample_feasible(self, rng: np.random.Generator, state: MoonsState, n: int) -> Array:
        """Draw a crescent, an angle by the thickness there, then a height between the edges."""
        half_width, inner, outer = state.shape
        moon = rng.integers(2, size=n)
        along = 2.0 * rng.beta(2.0, 2.0, n) - 1.0
        rise = (1.0 - along**2) * rng.uniform(inner, outer, n)
        height = state.heights[moon] + np.where(moon == 0, rise, -rise)
        angle = self._angle(state) + moon * math.pi + half_width * along
        return self.action_space.wrap(np.stack([height, angle], axis=-1))
