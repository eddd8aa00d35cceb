"""Base classes of toy environments, whose states are records and whose sets are known exactly."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.records import RecordEnvironment
from fag_tf.environments.sampled_truth import SampledTruth
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, Axis

__all__ = ["Array", "MeasuredToy", "Toy", "check_number", "unit_axes"]

CELLS = {1: 1024, 2: 128, 3: 48}
COARSENING = {1: 16, 2: 8, 3: 4}
MOST_AXES = 32

Array = NDArray[np.float64]
S = TypeVar("S")


class Toy(RecordEnvironment[S], ABC):
    """An environment for which a subclass only defines the states and their feasible sets.

    States are frozen dataclasses. Their fields are the observation, converted to float32.
    """

    kinds: tuple[str, ...]

    @abstractmethod
    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> S:
        """Draw one state of the given kind out of `kinds`, or of any kind for None."""

    @abstractmethod
    def contains(self, state: S, actions: Array) -> NDArray[np.bool_]:
        """Feasibility `[...]` of actions `[..., A]` that lie in the action space."""

    def draw_states(self, rng: np.random.Generator, batch: int) -> list[S]:
        """Draw `batch` states of any kind."""
        return [self.draw_state(rng) for _ in range(batch)]

    def feasibility(self, states: Sequence[S], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Exact feasibility of actions `[B, E, A]`: booleans `[B, E]`."""
        actions = np.asarray(actions, dtype=np.float64)
        finite = np.where(np.isfinite(actions), actions, 0.0)  # NaN and infinity fail below
        held = [self.contains(state, rows) for state, rows in zip(states, finite, strict=True)]
        return np.stack(held) & self.action_space.contains(actions)

    def evaluation_states(
        self, rng: np.random.Generator, poses: int, objects: Sequence[str] | None = None
    ) -> dict[str, list[S]]:
        """Draw `poses` states of each kind in `objects`, or of all kinds if `objects` is None.

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
    """A toy whose feasible set has a known volume and known modes, and can be sampled."""

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
        """The feasible set on a grid, with each cell labelled at its centre.

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
        """Least number of cells on an axis at which a grid separates the modes."""
        return 1


def check_number(name: str, value: int, most: int) -> None:
    """Check that a number of axes, boxes or other things is at least 1 and at most `most`.

    Raises:
        InputError: the number is out of range.
    """
    if not 1 <= value <= most:
        raise InputError(f"{name} is {value}, must be from 1 to {most}")


def unit_axes(dim: int) -> ActionSpace:
    """Make `dim` bounded axes from -1 to 1.

    Raises:
        InputError: `dim` is below 1 or too large.
    """
    check_number("dim", dim, MOST_AXES)
    return ActionSpace([Axis(f"a{index}", -1.0, 1.0) for index in range(dim)])
