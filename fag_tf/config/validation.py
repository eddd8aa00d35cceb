"""Bounds of options: each refuses what lies beyond it in the words a user wrote it with."""

import math
from typing import Any

from fag_tf.config.schedules import Schedule
from fag_tf.errors import InputError

__all__ = ["MOST", "at_least", "at_most", "is_positive", "is_share"]

MOST = 10**9
"""Greatest number of steps or of states: more than any machine does or holds."""


def at_least(owner: Any, **least: float) -> None:
    """Refuse what is below its bound, infinite or not a number; of a schedule, either end.

    Raises:
        InputError: a field of `owner` is.
    """
    for name, bound in least.items():
        value = getattr(owner, name)
        for end in _ends(value):
            if not bound <= end < math.inf:
                raise InputError(f"{_key(owner, name)} is {end}; it must be at least {bound}")


def at_most(owner: Any, **most: float) -> None:
    """Refuse sizes that no machine can hold and numbers that nothing is learnt with.

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
    """An option as a user writes it: `trainer.steps` for the field `TrainerConfig.steps`."""
    return f"{type(owner).__name__.removesuffix('Config').lower()}.{name}".lstrip(".")


def is_share(owner: Any, *names: str) -> None:
    """Refuse what is no share of a whole.

    Raises:
        InputError: a field of `owner` is outside [0, 1].
    """
    for name in names:
        value = getattr(owner, name)
        if not 0.0 <= value <= 1.0:
            raise InputError(f"{_key(owner, name)} is {value}; it must be within [0, 1]")


def is_positive(owner: Any, *names: str) -> None:
    """Refuse what is not above 0 and finite.

    Raises:
        InputError: a field of `owner` is.
    """
    for name in names:
        value = getattr(owner, name)
        if not 0.0 < value < math.inf:
            raise InputError(f"{_key(owner, name)} is {value}; it must be above 0")
