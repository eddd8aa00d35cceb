"""Strict conversion between tables, files, `--set` settings and a configuration."""

import dataclasses
import difflib
import json
import math
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from fag_tf.config.legacy import FORMAT, current_name, upgraded
from fag_tf.config.schedules import Schedule
from fag_tf.config.schema import Config
from fag_tf.errors import InputError

__all__ = [
    "apply_settings",
    "config_from_dict",
    "config_to_dict",
]


def config_from_dict(data: Mapping[str, Any]) -> Config:
    """Convert nested tables to a configuration.

    An option that the tables leave out keeps its default.

    Raises:
        InputError: a key is unknown, or a value has the wrong type or is not allowed. For an
            unknown key the message names the most similar known key.
    """
    tables = upgraded(data) if isinstance(data, Mapping) else data
    config: Config = _convert(tables, Config, "")
    return config


def config_to_dict(config: Any) -> dict[str, Any]:
    """Convert a configuration to plain nested tables: the inverse of `config_from_dict`."""
    return {"format": FORMAT, **dataclasses.asdict(config)}


def apply_settings(data: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """The tables with the values of `a.b=value` settings put in.

    A value that is not valid TOML is taken as text. Tables and settings may use names of the
    first format.

    Raises:
        InputError: a setting has no `=`, or a name before its last one is not a table.
    """
    result = upgraded(data)
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals or not path.strip() or "\n" in setting:
            raise InputError(f"--set {setting}: write it as name.name=value, one a --set")
        *tables, last = current_name(part.strip() for part in path.split("."))
        table = result
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise InputError(f"--set {setting}: {name} is {table!r}, not a table")
        try:
            table[last] = tomllib.loads(f"value = {text}")["value"]
        except (ValueError, RecursionError):  # not TOML, or a number of thousands of digits
            table[last] = text
    return result


def _convert(value: Any, kind: Any, where: str) -> Any:
    """Convert `value` to the annotated type `kind`; only an int may become another type, float."""
    origin = typing.get_origin(kind)
    if kind in (float, Schedule) and type(value) is int:
        value = float(value) if abs(value) < 1 << 1023 else math.inf
    if kind is Schedule and isinstance(value, float):
        value = {"start": value, "end": value}
    if kind is Schedule and not isinstance(value, Mapping):
        raise InputError(f"{where} is {value!r}; it must be {_describe(kind)}")
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _convert_table(value, kind, where)
    if origin is dict and isinstance(value, Mapping):
        return {k: _convert(v, typing.get_args(kind)[1], f"{where}.{k}") for k, v in value.items()}
    if origin is Literal and value in typing.get_args(kind):
        return value
    if kind is Any:
        try:
            json.dumps(value)  # a run saves it
        except TypeError as error:
            raise InputError(f"{where} is {value!r}; dates and times are not allowed") from error
        return value
    if isinstance(kind, type) and type(value) is kind:
        return value
    raise InputError(f"{where} is {value!r}; it must be {_describe(kind)}")


def _convert_table(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise InputError(f"{where or 'the configuration'} is {value!r}; it must be a table")
    hints = typing.get_type_hints(kind)
    for key in value:
        if key not in hints:
            name = f"{where}.{key}".lstrip(".") or "''"
            raise InputError(f"unknown option {name}{_hint(str(key), hints, where)}")
    for each in dataclasses.fields(kind):
        if each.name not in value and each.default is each.default_factory:  # both are missing
            raise InputError(f"{where} lacks {each.name}")
    value = {key: _completed(entry, kind, key) for key, entry in value.items()}
    converted = {k: _convert(v, hints[k], f"{where}.{k}".lstrip(".")) for k, v in value.items()}
    try:
        return kind(**converted)
    except InputError as error:
        if kind is Schedule:  # a schedule does not know the name of its option
            raise InputError(f"{where}: {error}") from error
        raise


def _hint(key: str, known: Mapping[str, Any], where: str) -> str:
    """What an unknown key of the table `where` may have meant."""
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return f"; did you mean {f'{where}.{near[0]}'.lstrip('.')}?"
    # People remember an option's own name better than its table.
    elsewhere = [name for name in _names(Config) if name.split(".")[-1] == key]
    if elsewhere:
        return f"; did you mean {' or '.join(elsewhere)}?"
    return f" (fag-tf train --options lists all); there are {', '.join(known)}"


def _names(table: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of all options of a table, and of the tables in it."""
    for name, kind in typing.get_type_hints(table).items():
        yield f"{prefix}{name}"
        if dataclasses.is_dataclass(kind) and kind is not Schedule:
            yield from _names(kind, f"{prefix}{name}.")


def _completed(entry: Any, owner: type, name: str) -> Any:
    """Fill in a partial schedule from the option's default; other values are unchanged."""
    (field,) = (each for each in dataclasses.fields(owner) if each.name == name)
    if isinstance(entry, Mapping) and field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
        if isinstance(default, Schedule):
            return dataclasses.asdict(default) | dict(entry)
    return entry


def _describe(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return " or ".join(repr(choice) for choice in typing.get_args(kind))
    if isinstance(kind, types.GenericAlias):
        return "a table"
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}.get(
        kind, "a number or a table" if kind is Schedule else str(kind)
    )
