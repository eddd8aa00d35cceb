"""Environments are other people's code: what each method gives is held against its promise."""

import re
from collections.abc import Callable, Mapping, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.base import ATTRIBUTES, REQUIRED_METHODS, Environment, as_environment
from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.rejection_truth import RejectionTruth
from fag_tf.environments.sampled_truth import SampledTruth
from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, ArraySpec, Observation, State

__all__ = [
    "call_user_code",
    "check_environment",
    "describe_error",
    "draw_states",
    "evaluation_states",
    "feasibility",
    "observe",
    "symmetric_copies",
    "truth_of",
    "violation",
]

# Names of a saved model's inputs and outputs.
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_TAKEN = ("latent", "num_samples", "seed", "action", "feasibility")


def check_environment(environment: Any, name: str) -> None:
    """Try every method on two states and hold what it gives against `Environment`.

    Args:
        environment: what claims to be one; it need not be derived from `Environment`.
        name: for messages.

    Raises:
        InputError: it lacks something, a method fails, or gives another type, shape or dtype than
            promised, or an observation that is not finite.
    """
    wrong = f"environment {name!r}:"
    environment = as_environment(environment)
    missing = [
        part
        for part in ATTRIBUTES + REQUIRED_METHODS
        if not call_user_code(f"{wrong} {part}", _has, environment, part)
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
        if not (isinstance(key, str) and _NAME.fullmatch(key)) or key in _TAKEN:
            raise InputError(
                f"{wrong} observation_spec names {key!r}; a saved model needs letters, digits and "
                f"_ there, and another name than {', '.join(_TAKEN)}"
            )
        if not (isinstance(entry, ArraySpec) and _is_sound(entry)):
            raise InputError(
                f"{wrong} observation_spec has {key!r}: {entry!r}; it must be an ArraySpec of "
                "whole sizes above 0 and a numeric dtype"
            )

    rng = np.random.default_rng(0)
    states = draw_states(environment, rng, 2, name)
    observe(environment, states, name)
    actions = space.sample(rng, (2, 5))
    feasibility(environment, states, actions, name)
    if environment.offers("symmetric_copies"):
        symmetric_copies(environment, rng, states, actions, name)
    if environment.offers("violation"):
        violation(environment, states, actions, name)


def _has(environment: Environment, part: str) -> bool:
    return hasattr(environment, part) and (part in ATTRIBUTES or environment.offers(part))


def draw_states(
    environment: Environment, rng: np.random.Generator, batch: int, name: str | None = None
) -> list[State]:
    """Draw states, and check that there are as many as asked for.

    Raises:
        InputError: it fails or gives another number of states.
    """
    wrong = _complaint(environment, name)
    states: list[State] = call_user_code(
        f"{wrong} draw_states", environment.draw_states, rng, batch
    )
    if not (isinstance(states, Sized) and len(states) == batch):
        raise InputError(
            f"{wrong} draw_states(rng, {batch}) gives {_kind(states)}; it must be a list of {batch}"
        )
    return states


def observe(
    environment: Environment, states: Sequence[State], name: str | None = None
) -> Observation:
    """Observe states, and check the arrays against `observation_spec`.

    The arrays are copies, so an environment may fill the same buffer each time.

    Raises:
        InputError: it fails, or gives anything but finite arrays as its specification says.
    """
    wrong, spec = _complaint(environment, name), environment.observation_spec
    observed = call_user_code(f"{wrong} observe", environment.observe, states)
    if not (isinstance(observed, Mapping) and set(observed) == set(spec)):
        given = sorted(observed) if isinstance(observed, Mapping) else _kind(observed)
        raise InputError(f"{wrong} observe gives {given}; observation_spec says {sorted(spec)}")
    for key, entry in spec.items():
        shape = (len(states), *entry.shape)
        _check_array(f"{wrong} observe gives {key!r} as", observed[key], shape, entry.dtype)
        if not np.all(np.isfinite(observed[key])):
            raise InputError(
                f"{wrong} observe gives {key!r} with values that are not finite numbers"
            )
    return {key: np.array(array) for key, array in observed.items()}


def feasibility(
    environment: Environment,
    states: Sequence[State],
    actions: NDArray[Any],
    name: str | None = None,
) -> NDArray[np.bool_]:
    """Label actions, and check that there are booleans `[B, E]`.

    The environment gets a copy of the actions and may change it: `actions %= np.pi` is a usual
    line, and what the replay memory keeps must be what was tried. A read-only array would stop
    such a line, but also compiled checks that ask for writable memory and never write.

    Raises:
        InputError: it fails or gives no booleans `[B, E]`.
    """
    wrong = _complaint(environment, name)
    labels = call_user_code(
        f"{wrong} feasibility", environment.feasibility, states, np.array(actions)
    )
    _check_array(f"{wrong} feasibility gives", labels, actions.shape[:2], "bool")
    return np.array(labels)


def symmetric_copies(
    environment: Environment,
    rng: np.random.Generator,
    states: Sequence[State],
    actions: NDArray[np.float32],
    name: str | None = None,
) -> tuple[list[State], NDArray[np.float32]]:
    """Make symmetric copies, and check their shapes.

    The environment gets a copy of the actions, as in `feasibility`.

    Raises:
        InputError: it fails, or gives other numbers of states or of actions.
    """
    what = f"{_complaint(environment, name)} symmetric_copies"
    given = call_user_code(what, environment.symmetric_copies, rng, states, np.array(actions))
    if not (isinstance(given, tuple) and len(given) == 2):
        raise InputError(f"{what} gives {_kind(given)}; it must be a pair, states and actions")
    alike, carried = given
    if not (isinstance(alike, Sized) and len(alike) == len(states)):
        raise InputError(f"{what} gives {_kind(alike)}; it must be a list of {len(states)} states")
    _check_array(f"{what} gives actions as", carried, actions.shape, "float32")
    checked: tuple[list[State], NDArray[np.float32]] = given
    return checked[0], np.array(checked[1])


def violation(
    environment: Environment,
    states: Sequence[State],
    actions: NDArray[Any],
    name: str | None = None,
    compared: tuple[slice, slice] = (slice(None), slice(None)),
) -> NDArray[np.float64]:
    """`Environment.violation`, held against its promise and against the labels.

    The environment gets a copy of the actions, as in `feasibility`.

    Args:
        environment: what is asked.
        states: B states.
        actions: actions `[B, E, A]`.
        name: for messages.
        compared: states and actions whose labels are asked for besides; all of them unless it says
            otherwise. A check may take long, and a label says no more than a violation.

    Raises:
        InputError: it fails, gives no float64 `[B, E]` at least 0, or is not 0 exactly where the
            compared actions are feasible.
    """
    what = f"{_complaint(environment, name)} violation"
    given = call_user_code(what, environment.violation, states, np.array(actions))
    _check_array(f"{what} gives", given, actions.shape[:2], "float64")
    rows, columns = compared
    labels = feasibility(environment, states[rows], actions[rows, columns], name)
    if not (np.all(given >= 0.0) and np.array_equal(given[rows, columns] == 0.0, labels)):
        raise InputError(
            f"{what} must be 0 where feasibility says true and positive where it says false"
        )
    return np.array(given)


def _complaint(environment: Environment, name: str | None) -> str:
    return f"environment {environment.name if name is None else name!r}:"


def evaluation_states(
    environment: Environment,
    rng: np.random.Generator,
    poses: int,
    objects: Sequence[str] | None = None,
) -> dict[str, list[State]]:
    """`Environment.evaluation_states`, held against its promise.

    Raises:
        InputError: it fails, or gives something else than `poses` states of each object.
    """
    what = f"environment {environment.name!r}: evaluation_states"
    states: Any = call_user_code(what, environment.evaluation_states, rng, poses, objects)
    if not (
        isinstance(states, dict)
        and states
        and all(isinstance(posed, Sized) and len(posed) == poses for posed in states.values())
    ):
        raise InputError(f"{what} gives {states!r:.200}; it must name lists of {poses} states")
    return states


def truth_of(environment: Environment, state: State) -> GridTruth | SampledTruth | RejectionTruth:
    """`Environment.truth`, held against its promise.

    Raises:
        InputError: it fails, or gives something else.
    """
    what = f"environment {environment.name!r}: truth"
    truth = call_user_code(what, environment.truth, state)
    if not isinstance(truth, GridTruth | SampledTruth | RejectionTruth):
        raise InputError(
            f"{what} gives {truth!r:.200}; it must be a "
            "fag_tf.environments.grid_truth.GridTruth; or, where there are too many axes for a "
            "grid, a fag_tf.environments.sampled_truth.SampledTruth or a "
            "fag_tf.environments.rejection_truth.RejectionTruth"
        )
    return truth


def call_user_code(what: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call what somebody else wrote.

    Raises:
        InputError: it fails, for whatever reason.
    """
    try:
        return call(*arguments)
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"{what} fails: {describe_error(error)}") from error


def _is_sound(spec: ArraySpec) -> bool:
    try:
        numeric = all(np.dtype(kind).kind in "fiub" for kind in (spec.dtype, spec.kept or "f"))
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


def describe_error(error: BaseException) -> str:
    """Kind and text of an error, in one line that is no longer than one would read."""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
