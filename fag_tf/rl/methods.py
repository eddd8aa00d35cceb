"""The ways to keep an agent to a constraint, by name: what its environment is wrapped in."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.wrappers import RescaleAction

from fag_tf.errors import InputError
from fag_tf.rl.action_mapping import ActionMapping
from fag_tf.rl.baselines import ConstraintWrapper, Lagrangian, Penalty, Projection, Replacement
from fag_tf.rl.constraint import Constraint

__all__ = ["METHODS", "RESAMPLING", "check_method", "make_env", "wrap_env"]

RESAMPLING = "resampling"
"""The agent's own policy proposes several actions, so the wrapper only tells what is allowed."""

_WRAPPERS = {
    "penalty": Penalty,
    "replacement": Replacement,
    RESAMPLING: ConstraintWrapper,
    "projection": Projection,
    "lagrangian": Lagrangian,
}

METHODS = ("mapping", *_WRAPPERS)
"""Names of the methods."""


def check_method(method: str, model: Any) -> None:
    """Refuse an unknown method, and a mapping without a model.

    Raises:
        InputError: says what is wrong.
    """
    if method not in METHODS:
        raise InputError(f"method is {method!r}; it must be one of {', '.join(METHODS)}")
    if (model is None) == (method == "mapping"):
        needs = "needs a model" if model is None else f"takes no model, {model!r:.100} is given"
        raise InputError(f"method {method} {needs}")


def make_env(env_id: str, **options: Any) -> gymnasium.Env[Any, Any]:
    """Make the environment of an id; `module:id` imports that module first.

    Raises:
        InputError: there is none of that id, or it cannot be made.
    """
    try:
        made: gymnasium.Env[Any, Any] = gymnasium.make(env_id, **options)
    except (gymnasium.error.Error, ImportError, TypeError, ValueError) as error:
        text = " ".join(str(error).split())
        if isinstance(error, gymnasium.error.UnregisteredEnv):
            text += " An id must be registered by gymnasium.register; MODULE:ID imports its module."
        raise InputError(f"cannot make the environment {env_id!r}: {text:.300}") from error
    return made


def wrap_env(
    env: gymnasium.Env[Any, Any],
    method: str,
    model: Any = None,
    constraint: Constraint | None = None,
) -> gymnasium.Env[Any, Any]:
    """The environment as an agent of a method knows it, with actions within -1 and 1.

    Args:
        env: the environment.
        method: one of `METHODS`.
        model: for a mapping, as for `ActionMapping`.
        constraint: for the others; if None, the environment's own.

    Raises:
        InputError: there is no such method, or it does not fit the environment.
    """
    check_method(method, model)
    if method == "mapping":
        return ActionMapping(env, model)
    space = env.action_space
    if not (isinstance(space, spaces.Box) and space.is_bounded()):
        raise InputError(f"the action space is {space}; it must be a Box with finite bounds")
    kept = _WRAPPERS[method](env, constraint=constraint)
    one = np.ones(space.shape, np.float32)
    return RescaleAction(kept, -one, one)
