"""Checked numbers from the named parameters of a request."""

from collections.abc import Mapping
from typing import Any

from fag_tf.errors import InputError

__all__ = ["shown", "unit_share", "whole_number"]


def whole_number(
    parameters: Mapping[str, Any], name: str, low: int, high: int | None
) -> int | None:
    """Return an integer parameter, which may be given as text, or None if it is missing.

    Raises:
        InputError: the parameter has another type, or is not in [low, high].
    """
    value = parameters.get(name)
    if value is None and name not in parameters:
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if type(value) is not int or value < low or (high is not None and value > high):
        span = f"{low} or more" if high is None else f"{low} to {high}"
        raise InputError(f"{name} is {shown(value)}; it must be a whole number, {span}")
    return value


def unit_share(parameters: Mapping[str, Any], name: str) -> float | None:
    """Return a number in [0, 1], which may be given as text, or None if it is missing.

    Raises:
        InputError: the parameter has another type, or is not in [0, 1].
    """
    value = parameters.get(name)
    if value is None and name not in parameters:
        return None
    try:
        number = float("nan") if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not 0.0 <= number <= 1.0:
        raise InputError(f"{name} is {shown(value)}; it must be a number in [0, 1]")
    return number


def shown(value: Any) -> str:
    """A value as text for an error message, cut to a short length."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
