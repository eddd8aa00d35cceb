"""What each option of a configuration is, read from the dataclasses that define the options."""

import dataclasses
import inspect
import re
import textwrap
import typing
from collections.abc import Iterator
from typing import Any, NamedTuple

from fag_tf.config.general import GENERAL_DEFAULTS
from fag_tf.config.schedules import Schedule
from fag_tf.config.schema import Config
from fag_tf.errors import InputError

__all__ = ["Option", "all_options", "effects", "general_default", "matching_options", "shown"]


class Option(NamedTuple):
    """One option.

    Attributes:
        name: as `--set` takes it, such as `trainer.steps`.
        default: its default, as text.
        general: its default for an environment without networks of its own, as text.
        effect: what it does, as the docstring of its table says.
    """

    name: str
    default: str
    general: str
    effect: str


def all_options() -> list[Option]:
    """Every option but the tables themselves, in the order of the configuration."""
    return list(_options(Config, ""))


def matching_options(word: str) -> list[Option]:
    """The options with a text in their name or effect, in any case; all of them for an empty text.

    Raises:
        InputError: there are none.
    """
    found = [
        option
        for option in all_options()
        if word.lower() in option.name.lower() or word.lower() in option.effect.lower()
    ]
    if not found:
        raise InputError(
            f"no option has {word!r} in its name or text; --options without a word lists all"
        )
    return found


def effects(table: type) -> dict[str, str]:
    """What each field of a dataclass does, by its name, as its docstring says."""
    _, _, section = inspect.cleandoc(table.__doc__ or "").partition("\nAttributes:\n")
    entries = re.split(r"^(?=\w+: )", textwrap.dedent(section), flags=re.MULTILINE)
    pairs = (entry.split(": ", 1) for entry in entries if ": " in entry)
    return {name: " ".join(effect.split()) for name, effect in pairs}


def general_default(name: str, default: Any) -> Any:
    """The default of an option for an environment without networks of its own.

    Args:
        name: name of the option, such as `trainer.steps`.
        default: its default for other environments.
    """
    table, _, key = name.rpartition(".")
    value = GENERAL_DEFAULTS.get(table, {}).get(key, default)
    return Schedule(**value) if isinstance(value, dict) and isinstance(default, Schedule) else value


def shown(value: Any) -> str:
    """A default as a user would say it."""
    if isinstance(value, Schedule):
        if value.start == value.end:
            return shown(value.start)
        return (
            f"{shown(value.start)} to {shown(value.end)}, {value.shape}, from {value.begin:g} to "
            f"{value.finish:g} of training"
        )
    if isinstance(value, dict):
        return ", ".join(f"`{key} = {shown(each)}`" for key, each in value.items()) or "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f"`{value}`"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _options(table: type, prefix: str) -> Iterator[Option]:
    hints, words = typing.get_type_hints(table), effects(table)
    for field in dataclasses.fields(table):
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind) and kind is not Schedule:
            assert isinstance(kind, type)
            yield from _options(kind, f"{prefix}{field.name}.")
            continue
        value = field.default
        if field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        name = f"{prefix}{field.name}"
        default, general = map(_settable, (value, general_default(name, value)))
        yield Option(name, default, general, words.get(field.name, ""))


def _settable(value: Any) -> str:
    """A default as text; a number without the commas of `shown`, so that `--set` takes it."""
    return str(value) if type(value) is int else shown(value)
