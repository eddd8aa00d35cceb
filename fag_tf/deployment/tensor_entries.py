"""Inputs and outputs as a model card describes them: shape, type, and a name for every number."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from fag_tf.errors import InputError

__all__ = ["Component", "TensorEntry"]

_DTYPES = (
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    *(f"float{bits}" for bits in (16, 32, 64)),
)


@dataclass(frozen=True)
class Component:
    """One number of a tensor.

    Attributes:
        name: name of the number in tables and files.
        unit: SI unit; `1` for a number without a unit.
        low: least value, or None for a number without a lower bound. For an input it is the least
            value in training.
        high: greatest value, or None for a number without an upper bound. For an input it is the
            greatest value in training.
        period: period of a periodic number, whose values lie in [low, high); None for other
            numbers.
        default: value of an input that is not given; None if there is no default.
    """

    name: str
    unit: str = "1"
    low: float | None = None
    high: float | None = None
    period: float | None = None
    default: float | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name and isinstance(self.unit, str)):
            raise InputError(
                f"a component has name {self.name!r} and unit {self.unit!r}; both must be text"
            )
        for key in ("low", "high", "period", "default"):
            value = getattr(self, key)
            if value is not None and not _is_finite(value):
                raise InputError(f"{key} of {self.name!r} is {value!r:.60}, not a finite number")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InputError(f"{self.name!r} runs from {self.low} to {self.high}, backwards")


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False


@dataclass(frozen=True)
class TensorEntry:
    """One input or output.

    Attributes:
        shape: sizes of the axes; `"B"` and `"N"` stand for free sizes.
        components: one component for each entry of the last axis, or one component that holds for
            all entries.
        dtype: NumPy's name of the type.
        description: one sentence.
        free_axes: axes of `shape` that may have another size than the usual one in `shape`.
    """

    shape: tuple[str | int, ...]
    components: tuple[Component, ...]
    dtype: str = "float32"
    description: str = ""
    free_axes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for size in self.shape or ("none",):
            whole = isinstance(size, int) and not isinstance(size, bool) and size > 0
            if size not in ("B", "N") and not whole:
                raise InputError(f"shape {self.shape!r}; sizes must be numbers, 'B' or 'N'")
        if self.dtype not in _DTYPES:
            raise InputError(f"dtype {self.dtype!r} is none of {', '.join(_DTYPES)}")
        for axis in self.free_axes:
            if type(axis) is not int or not 0 < axis < len(self.shape) - 1:
                raise InputError(f"shape {self.shape!r} has no axis {axis!r} of another size")
        if len(self.components) not in (1, self.shape[-1]):
            raise InputError(f"shape {self.shape!r} has {len(self.components)} components")
