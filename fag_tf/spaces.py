"""Action spaces with bounded and periodic axes, and named observations of a state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.errors import InputError

__all__ = [
    "ACTION_OUTPUT",
    "FEASIBILITY_OUTPUT",
    "LATENT_INPUT",
    "LOG_DENSITY_OUTPUT",
    "ActionSpace",
    "ArraySpec",
    "Axis",
    "Observation",
    "State",
]

# Names of a saved model's input and outputs, apart from its observations.
LATENT_INPUT = "latent"
ACTION_OUTPUT = "action"
FEASIBILITY_OUTPUT = "feasibility"
LOG_DENSITY_OUTPUT = "log_density"

State = Any
"""A state. Only the environment that drew it knows its type and contents."""

Observation = dict[str, NDArray[Any]]
"""Observations of B states: arrays `[B, ...]` by name."""


@dataclass(frozen=True)
class ArraySpec:
    """Shape and type of one named observation.

    Attributes:
        shape: shape for one state, without the batch axis.
        dtype: type of the numbers.
        kept: type in which the replay memory stores the numbers. If empty, `dtype`.
        free_axes: axes of `shape` that may have another size when a saved model is used.
        unordered: whether the rows of an array of rank two are a set, so that their order has no
            meaning. If False, the general networks also see the place of each row.
        presence: number of a column of an array of rank two, or None. A row with 0 in this column
            is absent, and the general networks ignore it.
        names: names of the numbers along the last axis, for the card of a saved model. May be
            empty.
        units: their SI units, `1` for a number without a unit. If empty, all are `1`.

    Raises:
        InputError: what is said of rows, or the number of names or units, does not fit the shape.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    kept: str = ""
    free_axes: tuple[int, ...] = ()
    unordered: bool = False
    presence: int | None = None
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.units and len(self.units) != len(self.names):
            raise InputError(f"{len(self.names)} names have {len(self.units)} units; give each one")
        if self.names and (not self.shape or len(self.names) != self.shape[-1]):
            raise InputError(
                f"an observation of shape {self.shape} has {len(self.names)} names; give one for "
                "each number along its last axis"
            )
        if (self.unordered or self.presence is not None) and len(self.shape) != 2:
            raise InputError(
                f"an observation of shape {self.shape} has no rows to be a set or to be absent; "
                "give it two axes"
            )
        if self.presence is not None and not 0 <= self.presence < self.shape[1]:
            raise InputError(
                f"presence is {self.presence}; it must be a column, from 0 to {self.shape[1] - 1}"
            )


@dataclass(frozen=True)
class Axis:
    """One coordinate of an action.

    Attributes:
        name: name of the axis in tables and files.
        low: least value, in `unit`.
        high: greatest value, in `unit`. On a periodic axis it is the same point as `low`.
        unit: SI unit of the values, or `1` for values without a unit.
        periodic: whether `low` and `high` are the same point.

    Raises:
        InputError: an end is not finite, or `low` is not below `high`.
    """

    name: str
    low: float
    high: float
    unit: str = "1"
    periodic: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise InputError(
                f"axis {self.name!r} runs from {self.low} to {self.high}; "
                "both ends must be finite and the first below the second"
            )

    @property
    def width(self) -> float:
        """Length of the axis, in `unit`. For a periodic axis it is the period."""
        return self.high - self.low

    @property
    def half_range(self) -> float:
        """Half the width, in `unit`. Bandwidths are multiples of it."""
        return 0.5 * self.width

    @property
    def centre(self) -> float:
        """Midpoint of the axis, in `unit`."""
        return 0.5 * (self.low + self.high)


class ActionSpace:
    """The product of A axes. All methods use actions `[..., A]` in the units of the axes.

    Args:
        axes: the axes, with different names, at least one.

    Attributes:
        axes: the axes as a tuple.
        low: least values `[A]`.
        high: greatest values `[A]`.
        periodic: whether each axis is periodic, `[A]`.
        width: lengths or periods of the axes `[A]`.
        half_range: half the widths `[A]`.
        centre: midpoints of the axes `[A]`.

    Raises:
        InputError: there is no axis, or two axes have the same name.
    """

    def __init__(self, axes: Sequence[Axis]) -> None:
        if not axes:
            raise InputError("an action space needs at least one axis, got none")
        names = [axis.name for axis in axes]
        if len(set(names)) < len(names):
            raise InputError(f"axes {names} share a name; each needs one of its own")
        self.axes = tuple(axes)
        self.low = np.array([axis.low for axis in axes])
        self.high = np.array([axis.high for axis in axes])
        self.periodic = np.array([axis.periodic for axis in axes])
        self.width: NDArray[np.float64] = self.high - self.low
        self.half_range = 0.5 * self.width
        self.centre = 0.5 * (self.low + self.high)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ActionSpace) and self.axes == other.axes

    def __hash__(self) -> int:
        return hash(self.axes)

    def __repr__(self) -> str:
        return f"ActionSpace({list(self.axes)!r})"

    @property
    def dim(self) -> int:
        """Number of axes, A."""
        return len(self.axes)

    @property
    def volume(self) -> float:
        """Product of the widths, in the product of the units."""
        return float(np.prod(self.width))

    def wrap(self, actions: NDArray[Any]) -> NDArray[Any]:
        """Bring periodic axes into [low, high); bounded axes are not changed."""
        turned = (np.mod(actions - self.low, self.width) + self.low).astype(actions.dtype)
        # In floating point, the remainder of a tiny negative number may equal the period.
        turned = np.where(turned >= self.high, self.low, turned)
        return np.where(self.periodic, turned, actions).astype(actions.dtype)

    def contains(self, actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether each action is in the space, `[...]`. A periodic axis has all finite values."""
        inside = (actions >= self.low) & (actions <= self.high)
        contained: NDArray[np.bool_] = np.all(
            (inside | self.periodic) & np.isfinite(actions), axis=-1
        )
        return contained

    def difference(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        """`a - b`, `[..., A]`. On a periodic axis it is the shortest difference."""
        apart = a - b
        short = np.mod(apart + self.half_range, self.width) - self.half_range
        difference: NDArray[Any] = np.where(self.periodic, short, apart)
        return difference

    def normalise(self, actions: NDArray[Any]) -> NDArray[Any]:
        """Convert actions to half-ranges from the centre: [-1, 1] on every axis.

        `actions` may be an array or a tensor; the result has the same type.
        """
        coordinates: NDArray[Any] = (actions - self.centre) / self.half_range
        return coordinates

    def denormalise(self, coordinates: NDArray[Any]) -> NDArray[Any]:
        """The inverse of `normalise`, for an array or a tensor."""
        actions: NDArray[Any] = coordinates * self.half_range + self.centre
        return actions

    def float32_bounds(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The least and the greatest float32 action `[A]` within the space.

        A bound that float32 does not have would be rounded to a number beyond it, and the greatest
        number of a periodic axis lies below its upper bound, which is its lower bound again.
        """
        low, high = self.low.astype(np.float32), self.high.astype(np.float32)
        low = np.where(low < self.low, np.nextafter(low, np.float32(np.inf)), low)
        beyond = (high > self.high) | (self.periodic & (high >= self.high))
        return low, np.where(beyond, np.nextafter(high, np.float32(-np.inf)), high)

    def embed(self, actions: NDArray[Any]) -> NDArray[np.float64]:
        """Points `[n, D]` of actions `[n, A]` whose distances are those of the actions.

        A bounded axis is one coordinate, in half-ranges. A periodic axis is two, a circle on which
        the arc is in half-ranges. Coordinates of bounded axes come first.
        """
        place = self.normalise(np.asarray(actions, np.float64))
        angle = np.pi * place[:, self.periodic]
        circle = [np.cos(angle) / np.pi, np.sin(angle) / np.pi]
        return np.concatenate([place[:, ~self.periodic], *circle], axis=1)

    def sample(self, rng: np.random.Generator, shape: Sequence[int] | int) -> NDArray[np.float32]:
        """Draw uniform actions, `[*shape, A]` float32."""
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        return rng.uniform(self.low, self.high, (*shape, self.dim)).astype(np.float32)
