"""A base class of environments whose states are records of the arrays that are observed."""

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np

from fag_tf.environments.base import Environment
from fag_tf.spaces import Observation

__all__ = ["RecordEnvironment"]

S = TypeVar("S")


class RecordEnvironment(Environment, Generic[S]):
    """An environment that is observed whole: what is seen of a state determines it.

    Attributes:
        state_class: class of a state, made from one float64 array for each entry of
            `observation_spec`, by name. The arrays are its attributes.
    """

    state_class: type[S]

    def observe(self, states: Sequence[S]) -> Observation:
        """The arrays of the states by name, `[B, *spec.shape]` float32."""
        return {
            name: np.stack([getattr(state, name) for state in states]).astype(spec.dtype)
            for name, spec in self.observation_spec.items()
        }

    def states_of(self, observation: Observation) -> list[S]:
        """The states whose numbers these are, to single precision."""
        arrays = {name: np.asarray(observation[name], np.float64) for name in self.observation_spec}
        count = len(next(iter(arrays.values())))
        return [
            self.state_class(**{name: array[index] for name, array in arrays.items()})
            for index in range(count)
        ]
