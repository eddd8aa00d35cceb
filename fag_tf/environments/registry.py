"""Environments found by name, made, and tried once."""

import importlib
import importlib.metadata
import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any

from fag_tf.environments.base import Environment
from fag_tf.environments.validation import check_environment, describe_error
from fag_tf.errors import InputError

__all__ = ["environment_names", "make_environment"]

ENTRY_POINT_GROUP = "fag_tf.environments"

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_OPTION_KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def environment_names() -> list[str]:
    """Names of all installed environments."""
    return sorted(point.name for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP))


def _load_class(name: str) -> Any:
    module, colon, attribute = name.partition(":")
    try:
        if colon:
            return getattr(importlib.import_module(module), attribute)
        for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
            if point.name == name:
                return point.load()
    except (Exception, SystemExit) as error:  # a module runs whatever its author wrote
        raise InputError(f"cannot load environment {name!r}: {describe_error(error)}") from error
    raise InputError(
        f"no environment is called {name!r}; installed are {', '.join(environment_names())}, "
        "and module:Class loads one of your own"
    )


def _check_options(name: str, factory: Any, options: Mapping[str, Any]) -> None:
    """Hold options against the constructor's signature, and their types if it says plain ones."""
    try:
        parameters = inspect.signature(factory, eval_str=True).parameters
    except Exception:  # some callables have none, and annotations can be any expression
        return
    free = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    named = {key: each for key, each in parameters.items() if each.kind in _NAMED}
    for key, value in options.items():
        if key not in named:
            if free:
                continue
            there = ", ".join(named) or "none"
            raise InputError(f"environment {name!r} has no option {key!r}; its options: {there}")
        kind = _without_none(named[key].annotation)
        fits = type(value) is kind or (kind is float and type(value) is int)
        if kind in _OPTION_KINDS and not fits:
            raise InputError(
                f"environment {name!r}: option {key} is {value!r}; it must be {_OPTION_KINDS[kind]}"
            )
    for key, each in named.items():
        if each.default is each.empty and key not in options:
            raise InputError(f"environment {name!r} needs the option {key!r}")


def _without_none(kind: Any) -> Any:
    """X of the annotation `X | None`; None itself cannot be written in a setting."""
    others = [each for each in typing.get_args(kind) if each is not type(None)]
    return others[0] if isinstance(kind, types.UnionType) and len(others) == 1 else kind


def make_environment(name: str, options: Mapping[str, Any] | None = None) -> Environment:
    """Make the environment of that entry point or `module:Class`, and try it once.

    Args:
        name: an installed name, or `module:Class` with the module on Python's path.
        options: keyword arguments of its constructor.

    Raises:
        InputError: there is none of that name, it rejects the options, it lacks a method, or what
            a method gives is not what `Environment` says.
    """
    factory = _load_class(name)
    if not isinstance(options, Mapping | None):
        raise InputError(f"environment {name!r} is given the options {options!r}, not a table")
    options = dict(options or {})
    _check_options(name, factory, options)
    try:
        environment = factory(**options)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(
            f"environment {name!r} cannot be made with the options {options}: "
            f"{describe_error(error)}"
        ) from error
    check_environment(environment, name)
    checked: Environment = environment
    return checked
