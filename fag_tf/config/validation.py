"""Bounds of options. Error messages name an option as the user writes it."""

import math
from typing import Any

from fag_tf.config.schedules import Schedule
from fag_tf.errors import InputError

__all__ = ["MOST", "at_least", "at_most", "is_positive", "is_share"]

MOST = 10**9
"""Greatest number of steps or of states: more than any machine does or holds."""


def at_least(owner: Any, **least: float) -> None:
    """Check that fields are finite and not below their bounds; a schedule at both ends.

    Raises:
        InputError: a field of `owner` is below its bound, infinite or not a number.
    """
    for name, bound in least.items():
        value = getattr(owner, name)
        for end in _ends(value):
            if not bound <= end < math.inf:
                raise InputError(f"{_key(owner, name)} is {end}; it must be at least {bound}")


def at_most(owner: Any, **most: float) -> None:
    """Check that fields are not above their bounds; a schedule at both ends.

    The bounds exclude sizes that no machine can hold and values with which nothing is learnt.

    Raises:
        InputError: a field of `owner` is above its bound.
    """
    for name, bound in most.items():
        for end in _ends(getattr(owner, name)):
            if end > bound:
                raise InputError(f"{_key(owner, name)} is {end}; it must be at most {bound}")


def _ends(value: Any) -> tuple[float, ...]:
    return (value.start, value.end) if isinstance(value, Schedule) else (value,)


def _key(owner: Any, name: str) -> str:
    """The name of an option as a user writes it: `trainer.steps` for `TrainerConfig.steps`."""
    return f"{type(owner).__name__.removesuffix('Config').lower()}.{name}".lstrip(".")


def is_share(owner: Any, *names: str) -> None:
    """Check that fields are within [0, 1].

    Raises:
        InputError: a field of `owner` is outside [0, 1].
    """
    for name in names:
        value = getattr(owner, name)
        if not 0.0 <= value <= 1.0:
            raise InputError(f"{_key(owner, name)} is {value}; it must be within [0, 1]")


def is_positive(owner: Any, *names: str) -> None:
    """Check that fields are above 0 and finite.

    Raises:
        InputError: a field of `owner` is 0 or below, infinite or not a number.
    """
    for name in names:
        value = getattr(owner, name)
        if not 0.0 < value < math.inf:
            raise InputError(f"{_key(owner, name)} is {value}; it must be above 0")
