"""A constraint made of a user's function of one observation and its actions."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.errors import InputError
from fag_tf.rl.constraint import Constraint
from fag_tf.rl.observed_inputs import ObserveFn
from fag_tf.spaces import ActionSpace, ArraySpec, Observation

__all__ = ["FeasibleFn", "FunctionConstraint"]

FeasibleFn = Callable[[Any, NDArray[Any]], Any]
"""Function from one observation and actions `[N, A]` to booleans `[N]`."""


class FunctionConstraint(Constraint):
    """A constraint made of a function of one observation and its actions.

    Args:
        feasible: the function.
        observe: function from an observation to the inputs.
        observation_spec: specification of the inputs.
        action_space: axes of an action.
    """

    def __init__(
        self,
        feasible: FeasibleFn,
        observe: ObserveFn,
        observation_spec: Mapping[str, ArraySpec],
        action_space: ActionSpace,
    ) -> None:
        self.observation_spec, self.action_space = observation_spec, action_space
        self._feasible, self._observe = feasible, observe

    def inputs(self, observation: Any) -> Observation:
        """See `Constraint.inputs`; the observation itself goes with them, for the function."""
        return {**self._observe(observation), _WHOLE: _boxed(observation)}

    def feasible(self, inputs: Mapping[str, Any], actions: NDArray[Any]) -> NDArray[Any]:
        """See `Constraint.feasible`; the inputs are those of `inputs`."""
        rows = zip(inputs[_WHOLE], actions, strict=True)
        return np.array([self.labels(observation, each) for observation, each in rows])

    def labels(self, observation: Any, actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Booleans `[N]` for one observation and actions `[N, A]`.

        Raises:
            InputError: the function gives anything else.
        """
        given = np.asarray(self._feasible(observation, actions))
        if given.shape != actions.shape[:1] or given.dtype != bool:
            raise InputError(
                f"feasible gives an array {list(given.shape)} of {given.dtype}; it must be "
                f"booleans [{len(actions)}], one for each action"
            )
        return given


_WHOLE = "__observation__"


def _boxed(observation: Any) -> NDArray[Any]:
    """An observation of any kind as one element of an array."""
    box = np.empty((), object)
    box[()] = observation
    return box
