"""Constraints: which actions an environment allows."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import gymnasium
from numpy.typing import NDArray

from fag_tf.spaces import ActionSpace, ArraySpec, Observation

__all__ = ["ConstrainedEnv", "Constraint"]

ObsType = TypeVar("ObsType")


class Constraint(ABC):
    """Which actions are allowed, given an observation.

    Attributes:
        observation_spec: name, shape and type of each input of a feasibility model, without the
            batch axis.
        action_space: the axes of an action, A of them. It bounds what may be asked for; whether an
            action in it is allowed depends on the inputs.
    """

    observation_spec: Mapping[str, ArraySpec]
    action_space: ActionSpace

    @abstractmethod
    def inputs(self, observation: Any) -> Observation:
        """The inputs for one observation of the environment, named arrays without a batch axis."""

    @abstractmethod
    def feasible(self, inputs: Mapping[str, NDArray[Any]], actions: NDArray[Any]) -> NDArray[Any]:
        """Whether actions are allowed.

        Args:
            inputs: arrays `[B, ...]` by name, stacked from `inputs`.
            actions: actions `[B, N, A]`, in the units of the axes.

        Returns:
            Booleans `[B, N]`.
        """

    def project(
        self, inputs: Mapping[str, NDArray[Any]], actions: NDArray[Any]
    ) -> NDArray[Any] | None:
        """The nearest allowed action of each action `[B, N, A]`, or None where none can be given.

        The distance is Euclidean, in the units of the axes. An allowed action is not changed. A
        constraint with a closed form returns the exact projection. The base class returns None.
        """
        return None


class ConstrainedEnv(gymnasium.Env[ObsType, NDArray[Any]], Generic[ObsType]):
    """A Gymnasium environment that has a constraint.

    Each step's `info` holds `feasible`: whether the action was allowed in the state it was taken
    in. Wrappers find the constraint by `env.get_wrapper_attr("constraint")`.

    Attributes:
        constraint: which actions are allowed.
    """

    constraint: Constraint
