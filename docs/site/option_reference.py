"""All options of a configuration, as the dataclasses that define them say."""

import dataclasses
import sys
import types
import typing
from unittest import mock

import griffe

from fag_tf.config import validation
from fag_tf.config.reference import effects, general_default, shown
from fag_tf.config.schedules import Schedule
from fag_tf.config.schema import Config


def options():
    """Markdown of all options, table by table."""
    parts = ["## Top level { #top-level }\n", *_table(Config, "")]
    for field in dataclasses.fields(Config):
        kind = typing.get_type_hints(Config)[field.name]
        if dataclasses.is_dataclass(kind):
            parts += [f"## `{field.name}` {{ #{field.name} }}\n", *_about(kind)]
            parts += _table(kind, f"{field.name}.")
    return "\n".join(parts)


def schedule():
    """Markdown of the keys of a schedule."""
    return "\n".join(_table(Schedule, ""))


def _about(kind):
    summary, *more = (part.value for part in _parsed(kind) if part.kind.value == "text")
    return [f"{text}\n" for text in (summary, *more)]


def _parsed(kind):
    docstring = griffe.Docstring(typing.cast("str", kind.__doc__), lineno=1)
    return docstring.parse("google", warnings=False)


def _table(kind, prefix):
    """Lines about a class's options, but for those that are tables themselves."""
    hints, words, bounds = typing.get_type_hints(kind), effects(kind), _bounds(kind)
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint) and hint is not Schedule:
            continue
        if field.name not in words:
            raise ValueError(f"the docstring of {kind.__name__} does not say what {field.name} is")
        name, effect = f"{prefix}{field.name}", words[field.name]
        takes = _takes(hint, bounds.get(field.name, {}))
        yield f"### `{name}` {{ #{name} }}\n"
        yield f"{effect[0].upper()}{effect[1:]}\n"
        yield f"*Default:* {_default(name, field)}. *Takes:* {takes}.\n"
    yield ""


def _default(name, field):
    if field.default is not dataclasses.MISSING:
        value = field.default
    elif field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    else:
        return "none"
    general = general_default(name, value)
    if general == value:
        return shown(value)
    return (
        f"{shown(value)}; [without networks of the environment's own](#defaults): {shown(general)}"
    )


def _takes(hint, bounds):
    words = {int: "a whole number", float: "a number", bool: "`true` or `false`", str: "text"}
    words |= {Schedule: "a number or a [schedule](#schedule)", typing.Any: "any value"}
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in typing.get_args(hint))
    if isinstance(hint, types.GenericAlias):
        return f"a table; of each entry {_takes(typing.get_args(hint)[1], {})}"
    limits = [bounds.get("least"), bounds.get("most")]
    text = words[hint]
    if limits[0] is not None and limits[1] is not None:
        return f"{text}, {shown(limits[0])} to {shown(limits[1])}"
    if limits[0] is not None:
        return f"{text}, at least {shown(limits[0])}"
    if limits[1] is not None:
        return f"{text}, at most {shown(limits[1])}"
    return f"{text}, above 0" if "above" in bounds else text


def _bounds(kind):
    """The bounds that a class checks its fields by, as its checks are called with them."""
    if kind is Schedule:  # it knows neither its option's name nor bounds
        return {}
    found = {}

    def noted(key):
        def check(owner, **values):
            for name, value in values.items():
                if type(owner) is kind:
                    found.setdefault(name, {})[key] = value

        return check

    def share(owner, *names):
        noted("least")(owner, **dict.fromkeys(names, 0))
        noted("most")(owner, **dict.fromkeys(names, 1))

    def positive(owner, *names):
        noted("above")(owner, **dict.fromkeys(names, 0))

    module = sys.modules[kind.__module__]
    checks = {
        "at_least": noted("least"),
        "at_most": noted("most"),
        "is_share": share,
        "is_positive": positive,
    }
    assert checks.keys() == {name for name in validation.__all__ if name.islower()}
    with mock.patch.multiple(
        module, **{name: check for name, check in checks.items() if hasattr(module, name)}
    ):
        kind()
    return found
