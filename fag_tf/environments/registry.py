"""Environments found by name, made, and tried once."""

import importlib
import importlib.metadata
import inspect
import math
import operator
import types
import typing
from collections.abc import Mapping
from typing import Any

from fag_tf.environments.base import Environment, WrappedEnvironment
from fag_tf.environments.validation import check_environment, describe_error
from fag_tf.errors import InputError

__all__ = [
    "check_installed",
    "describe_environment",
    "environment_names",
    "is_described",
    "make_environment",
    "object_name",
]

ENTRY_POINT_GROUP = "fag_tf.environments"

OBJECT = "object of "
"""Before the class of an object that no configuration can describe."""

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_OPTION_KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def environment_names() -> list[str]:
    """Names of all installed environments."""
    return sorted(point.name for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP))


def check_installed(name: Any, source: str, remedy: str = "") -> None:
    """Refuse a name by which somebody else's file would load code that is not installed.

    A model's card may come from anybody. What it names is therefore looked up among the entry
    points alone, and nothing is imported for it.

    Args:
        name: what the file gives as the name of its environment.
        source: what gives it, for the message.
        remedy: what the user can do besides, for the message, such as an option of the command.

    Raises:
        InputError: it is no name of an installed environment.
    """
    names = environment_names()
    if not (isinstance(name, str) and name in names):
        raise InputError(
            f"{source} names the environment {name!r:.100}, and a file that may come from anybody "
            f"may only name an installed one: {', '.join(names)}. If you trust that code, "
            f"{remedy}give it an entry point in the group {ENTRY_POINT_GROUP}"
        )


def _load_class(name: str) -> type[Environment]:
    """The class of that name; nothing of it has been called."""
    kind = _load(name)
    if not (isinstance(kind, type) and issubclass(kind, Environment)):
        raise InputError(
            f"environment {name!r} is {_shown(kind)}; only a class derived from "
            "fag_tf.environments.base.Environment is ever called"
        )
    return kind


def _shown(value: Any) -> str:
    """What a name stands for, without its own `repr`, which is code of that module too."""
    kind = "class" if isinstance(value, type) else "object of type"
    named = value if isinstance(value, type) else type(value)
    return f"the {kind} {named.__module__}.{named.__qualname__}"


def _load(name: str) -> Any:
    module, colon, attribute = name.partition(":")
    try:
        if colon:
            return operator.attrgetter(attribute)(importlib.import_module(module))
        for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
            if point.name == name:
                return point.load()
    except (Exception, SystemExit) as error:  # a module runs whatever its author wrote
        if module.startswith(OBJECT) or module == "__main__" or "<locals>" in attribute:
            raise InputError(
                f"environment {name!r} was given as an object from Python, and cannot be made "
                "anew here; give the object again, in Python: fag.train(environment, out=...) or "
                "fag.open_run(folder, environment)"
            ) from error
        if isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]:
            raise InputError(
                f"cannot load environment {name!r}: there is no module {error.name} in this folder "
                "or on the Python path; if it was given as an object from Python, give it again "
                "there: fag.train(environment, out=...)"
            ) from error
        raise InputError(
            f"cannot load environment {name!r}: {describe_error(error)}; if it was given as an "
            "object from Python, give it again there: fag.train(environment, out=...)"
        ) from error
    raise InputError(
        f"no environment is called {name!r}; installed are {', '.join(environment_names())}, "
        "and module:Class loads one of your own"
    )


def _check_options(name: str, factory: type[Environment], options: Mapping[str, Any]) -> None:
    """Hold options against the constructor's signature, and their types if it says plain ones."""
    try:
        parameters = _parameters(factory)
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


def _parameters(factory: type[Environment]) -> Mapping[str, inspect.Parameter]:
    # The class's own signature is that of `Environment.__new__`, which takes anything.
    named = inspect.signature(factory.__init__, eval_str=True).parameters
    return dict(list(named.items())[1:])


def _without_none(kind: Any) -> Any:
    """X of the annotation `X | None`; None itself cannot be written in a setting."""
    others = [each for each in typing.get_args(kind) if each is not type(None)]
    return others[0] if isinstance(kind, types.UnionType) and len(others) == 1 else kind


def make_environment(name: str, options: Mapping[str, Any] | None = None) -> Environment:
    """Make the environment of that entry point or `module:Class`, and try it once.

    The import of `module` runs its code. The name must therefore come from whoever runs this
    process; see `check_installed` for names that come from elsewhere.

    Args:
        name: an installed name, or `module:Class` with the module on Python's path.
        options: keyword arguments of its constructor.

    Raises:
        InputError: there is none of that name, it is no class derived from `Environment`, it
            rejects the options, it lacks a method, or what a method gives is not what
            `Environment` says.
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
    return environment


def describe_environment(environment: Environment) -> tuple[str, dict[str, Any]]:
    """What `make_environment` makes an equal environment from.

    Returns:
        The installed name of its class or else `module:Class`, and the arguments that it was
        constructed with, by name, as a configuration can hold them. A class of a script or a
        notebook gives `__main__:Class`, which is found in that process alone.

    Raises:
        InputError: an argument cannot be written into a configuration, or is not known.
    """
    kind, (args, kwargs) = _class_of(environment), environment.constructed_with
    if isinstance(environment, WrappedEnvironment) and kind is not type(environment):
        if isinstance(environment.inner, Environment):
            return describe_environment(environment.inner)
        raise InputError(
            f"environment {environment.name!r} cannot be made again by its name; derive "
            f"{kind.__qualname__} from fag_tf.environments.base.Environment"
        )
    value = f"{kind.__module__}:{kind.__qualname__}"
    points = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)
    name = next((point.name for point in points if point.value == value), value)
    return name, _options(value, kind, args, kwargs)


def is_described(environment: Environment, name: str, options: Mapping[str, Any]) -> bool:
    """Whether an environment is the one of a name and of constructor's options, defaults filled in.

    Of an object that no configuration can describe only the class is compared.
    """
    try:
        own_name, own_options = describe_environment(environment)
    except InputError:
        return name == object_name(environment)
    kind = _class_of(environment)
    return own_name == name and _filled(kind, own_options) == _filled(kind, options)


def object_name(environment: Environment) -> str:
    """What a configuration calls an object that it cannot describe."""
    kind = _class_of(environment)
    return f"{OBJECT}{kind.__module__}:{kind.__qualname__}"


def _class_of(environment: Environment) -> type:
    """The class that its author wrote: what `as_environment` only wraps counts as itself."""
    kind = type(environment)
    if isinstance(environment, WrappedEnvironment) and kind is WrappedEnvironment:
        return type(environment.inner)
    return kind


def _filled(kind: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with the constructor's defaults for those that are left out."""
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]  # type: ignore[misc]
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    filled: dict[str, Any] = _copied({**defaults, **options})
    return filled


def _options(
    value: str, kind: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    bound = inspect.signature(kind.__init__).bind(None, *args, **kwargs)  # type: ignore[misc]
    options: dict[str, Any] = {}
    for name, given in list(bound.arguments.items())[1:]:
        parameter = bound.signature.parameters[name]
        if parameter.kind is parameter.VAR_KEYWORD:
            options |= given
        elif parameter.kind not in _NAMED:
            raise InputError(f"environment {value!r} takes {name} by place; it must be by name")
        elif given is not None or parameter.default is not None:
            options[name] = given
    for name, given in options.items():
        if not _is_plain(given):
            raise InputError(
                f"environment {value!r} was made with {name}={given!r:.100}, which no "
                "configuration can hold; it must be numbers, text, true or false, or lists or "
                "tables of these"
            )
    return {name: _copied(given) for name, given in options.items()}


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(entry) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in (bool, int, str)


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(entry) for key, entry in value.items()}
    return [_copied(entry) for entry in value] if isinstance(value, list | tuple) else value
