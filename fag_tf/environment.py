"""What an environment must offer, what it may offer, and how one is found by name."""

import importlib
import importlib.metadata
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace

if TYPE_CHECKING:
    from fag_tf.truth import GridTruth

__all__ = [
    "ArraySpec",
    "DescribesCard",
    "DrawsSamples",
    "EnumerableTruth",
    "Environment",
    "Observation",
    "ProvidesNetworks",
    "State",
    "attempt",
    "check_environment",
    "environment_names",
    "make_environment",
]

ENTRY_POINT_GROUP = "fag_tf.environments"

_PARTS = ("name", "action_space", "observation_spec", "draw_states", "observe", "feasibility")
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_OPTION_KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}

State = Any
Observation = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class ArraySpec:
    """Shape (without the batch axis) and type of one named observation."""

    shape: tuple[int, ...]
    dtype: str = "float32"


@runtime_checkable
class Environment(Protocol):
    """States, what an actor sees of them, and which actions are feasible in them.

    Attributes:
        name: short, for tables and files.
        action_space: the axes of an action.
        observation_spec: name, shape and type of every observed tensor.

    States are opaque to the library: it draws them, observes them and hands them back. Every
    method is a function of its arguments alone; all randomness comes from `rng`.
    """

    name: str
    action_space: ActionSpace
    observation_spec: Mapping[str, ArraySpec]

    def draw_states(self, rng: np.random.Generator, batch: int) -> list[State]:
        """Draw `batch` states for training."""
        ...

    def observe(self, states: Sequence[State]) -> Observation:
        """What the actor sees: arrays `[B, *spec.shape]` by name."""
        ...

    def feasibility(self, states: Sequence[State], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """g(s, a) for actions `[B, E, A]`: booleans `[B, E]`. Each entry is one interaction."""
        ...


@runtime_checkable
class EnumerableTruth(Protocol):
    """An environment that can list every feasible action of a state, for evaluation."""

    def evaluation_states(
        self, rng: np.random.Generator, poses: int, objects: Sequence[str] | None = None
    ) -> dict[str, list[State]]:
        """`poses` states for each named object (all of them if None), none seen in training."""
        ...

    def truth(self, state: State) -> "GridTruth":
        """The feasible cells of a dense grid; it holds none where nothing is feasible."""
        ...


@runtime_checkable
class ProvidesNetworks(Protocol):
    """An environment that brings an actor and a critic made for its observations."""

    def build_actor(self, config: Any) -> Any:
        """A `fag_tf.networks.Actor`."""
        ...

    def build_critic(self, config: Any) -> Any:
        """A `fag_tf.networks.Critic`."""
        ...


@runtime_checkable
class DrawsSamples(Protocol):
    """An environment that can show actions in one of its states."""

    def draw_samples(
        self,
        path: Path,
        state: State,
        actions: NDArray[Any],
        feasibility: NDArray[Any] | None,
        title: str,
    ) -> None:
        """Write a picture of actions `[K, A]`, coloured by the critic's feasibility `[K]`."""
        ...


@runtime_checkable
class DescribesCard(Protocol):
    """An environment that has more to say in a model's card than the names of its tensors."""

    def card_details(self) -> dict[str, Any]:
        """The `details` of `fag_tf.cards.build_card`."""
        ...


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
        raise InputError(f"cannot load environment {name!r}: {_told(error)}") from error
    raise InputError(
        f"no environment is called {name!r}; installed are {', '.join(environment_names())}, "
        "and module:Class loads one of your own"
    )


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


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
            f"environment {name!r} cannot be made with the options {options}: {_told(error)}"
        ) from error
    check_environment(environment, name)
    return environment


def check_environment(environment: Any, name: str) -> None:
    """Try every method on two states and hold what it gives against `Environment`.

    Args:
        environment: what claims to be one.
        name: for messages.

    Raises:
        InputError: it lacks something, a method fails, or gives another type, shape or dtype than
            promised, or an observation that is not finite.
    """
    wrong = f"environment {name!r}:"
    missing = [
        part for part in _PARTS if not attempt(f"{wrong} {part}", hasattr, environment, part)
    ]
    if missing:
        raise InputError(f"environment {name!r} lacks {', '.join(missing)}")
    space, spec = environment.action_space, environment.observation_spec
    if not isinstance(space, ActionSpace):
        raise InputError(
            f"{wrong} action_space is {space!r}; it must be a fag_tf.spaces.ActionSpace"
        )
    if not (isinstance(spec, Mapping) and spec):
        raise InputError(f"{wrong} observation_spec is {spec!r}; it must name one tensor or more")
    for key, entry in spec.items():
        if not (isinstance(key, str) and isinstance(entry, ArraySpec) and _is_sound(entry)):
            raise InputError(
                f"{wrong} observation_spec has {key!r}: {entry!r}; it must be an ArraySpec of "
                "whole sizes above 0 and a numeric dtype"
            )

    rng = np.random.default_rng(0)
    states = attempt(f"{wrong} draw_states", environment.draw_states, rng, 2)
    if not (isinstance(states, Sized) and len(states) == 2):
        raise InputError(
            f"{wrong} draw_states(rng, 2) gives {_kind(states)}; it must be a list of 2"
        )
    observed = attempt(f"{wrong} observe", environment.observe, states)
    if not (isinstance(observed, Mapping) and set(observed) == set(spec)):
        given = sorted(observed) if isinstance(observed, Mapping) else _kind(observed)
        raise InputError(f"{wrong} observe gives {given}; observation_spec says {sorted(spec)}")
    for key, entry in spec.items():
        _check_array(
            f"{wrong} observe gives {key!r} as", observed[key], (2, *entry.shape), entry.dtype
        )
        if not np.all(np.isfinite(observed[key])):
            raise InputError(
                f"{wrong} observe gives {key!r} with values that are not finite numbers"
            )
    actions = space.sample(rng, (2, 5))
    verdicts = attempt(f"{wrong} feasibility", environment.feasibility, states, actions)
    _check_array(f"{wrong} feasibility gives", verdicts, (2, 5), "bool")


def attempt(what: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call what somebody else wrote.

    Raises:
        InputError: it fails, for whatever reason.
    """
    try:
        return call(*arguments)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{what} fails: {_told(error)}") from error


def _is_sound(spec: ArraySpec) -> bool:
    try:
        numeric = np.dtype(spec.dtype).kind in "fiub"
    except TypeError:
        return False
    return numeric and all(isinstance(size, (int, np.integer)) and size > 0 for size in spec.shape)


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {list(value.shape)} of {value.dtype}"
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, Sized) else repr(value)


def _check_array(what: str, value: Any, shape: tuple[int, ...], dtype: str) -> None:
    right = isinstance(value, np.ndarray) and value.shape == shape and value.dtype == dtype
    if not right:
        raise InputError(f"{what} {_kind(value)}; it must be an array {list(shape)} of {dtype}")
