"""What toy environments have in common: states that are records, sets that are known exactly."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.base import Environment
from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.sampled_truth import SampledTruth
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, Axis, Observation

__all__ = ["Array", "MeasuredToy", "Toy", "check_number", "unit_axes"]

CELLS = {1: 1024, 2: 128, 3: 48}
COARSENING = {1: 16, 2: 8, 3: 4}
MOST_AXES = 32

Array = NDArray[np.float64]
S = TypeVar("S")


class Toy(Environment, ABC, Generic[S]):
    """An environment of which a subclass gives the set; the rest follows from it.

    States are frozen dataclasses whose fields are the observation, float32 on the way out.
    """

    state_class: type[S]
    kinds: tuple[str, ...]

    @abstractmethod
    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> S:
        """One state, of any kind or of that one out of `kinds`."""

    @abstractmethod
    def contains(self, state: S, actions: Array) -> NDArray[np.bool_]:
        """Whether actions `[..., A]` that lie in the action space are feasible, `[...]`."""

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

    def states_of(self, observation: Observation) -> list[S]:
        """The states whose numbers these are, to single precision."""
        arrays = {name: np.asarray(observation[name], np.float64) for name in self.observation_spec}
        count = len(next(iter(arrays.values())))
        return [
            self.state_class(**{name: array[index] for name, array in arrays.items()})
            for index in range(count)
        ]

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


class MeasuredToy(Toy[S]):
    """A toy whose set has a known volume, known parts, and a way to draw from it."""

    @abstractmethod
    def volume(self, state: S) -> float:
        """Exact volume of the feasible set, in the product of the axes' units."""

    @abstractmethod
    def num_modes(self, state: S) -> int:
        """Exact number of connected parts of the feasible set."""

    @abstractmethod
    def sample_feasible(self, rng: np.random.Generator, state: S, n: int) -> Array:
        """Actions uniform over the feasible set, `[n, A]`."""

    def truth(self, state: S) -> GridTruth | SampledTruth:
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


def check_number(name: str, value: int, most: int) -> None:
    """Refuse a number of axes, boxes or the like that is below 1 or too large.

    Raises:
        InputError: it is.
    """
    if not 1 <= value <= most:
        raise InputError(f"{name} is {value}, must be from 1 to {most}")


def unit_axes(dim: int) -> ActionSpace:
    """`dim` bounded axes from -1 to 1.

    Raises:
        InputError: there are none or too many.
    """
    check_number("dim", dim, MOST_AXES)
    return ActionSpace([Axis(f"a{index}", -1.0, 1.0) for index in range(dim)])
