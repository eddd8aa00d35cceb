"""A model's inputs, taken from what an environment of Gymnasium gives as its observation."""

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from fag_tf.errors import InputError
from fag_tf.spaces import ArraySpec, Observation

__all__ = ["ObserveFn", "SpaceInputs", "find_constraint", "find_observe", "stacked"]

ObserveFn = Callable[[Any], Mapping[str, NDArray[Any]]]
"""Function from one observation of an environment to named arrays without a batch axis."""

ONLY = "observation"
"""Name of the input for an observation that is no Dict."""


class SpaceInputs:
    """The entries of an observation as named arrays.

    A Box is taken as it is, with numbers of single precision, or bytes where it is a picture of
    bytes. Of a Dict, every entry is an input of the name of its key. A Sequence is a set: its rows
    fill an array whose last column is 1 for a row and 0 for an absent one. All other spaces are
    flattened, a Discrete to one number for each of its values.

    Args:
        space: observation space of the environment.
        spec: specification of the inputs by name; what it leaves out follows from the space. A
            Sequence needs one, for the greatest number of its rows.

    Attributes:
        spec: name, shape and type of every input.

    Raises:
        InputError: the specification names an input that the space does not have, or has another
            shape; or a Sequence has no specification.
    """

    def __init__(
        self, space: gymnasium.Space[Any], spec: Mapping[str, ArraySpec] | None = None
    ) -> None:
        self._is_dict = isinstance(space, spaces.Dict)
        self._spaces = dict(space.spaces) if isinstance(space, spaces.Dict) else {ONLY: space}
        given = dict(spec or {})
        if unknown := set(given) - set(self._spaces):
            raise InputError(
                f"observation_spec names {sorted(unknown)}; the environment observes "
                f"{sorted(self._spaces)}"
            )
        self.spec = {name: _spec_of(name, each, given) for name, each in self._spaces.items()}

    def __call__(self, observation: Any) -> Observation:
        """Named arrays without a batch axis, of one observation."""
        parts = observation if self._is_dict else {ONLY: observation}
        return {
            name: _array(name, space, self.spec[name], parts[name])
            for name, space in self._spaces.items()
        }


def _spec_of(name: str, space: gymnasium.Space[Any], given: Mapping[str, ArraySpec]) -> ArraySpec:
    stated = given.get(name)
    if isinstance(space, spaces.Sequence):
        rows = getattr(space.feature_space, "shape", None)
        if rows is None or len(rows) != 1:
            raise InputError(f"{name} is {space}; its rows must be vectors, or give observe")
        wanted = (rows[0] + 1,)
        if stated is None or stated.shape[1:] != wanted or stated.presence != rows[0]:
            raise InputError(
                f"{name} is a Sequence; say how many rows K it has at most: observation_spec="
                f"{{{name!r}: ArraySpec((K, {rows[0] + 1}), unordered=True, presence={rows[0]})}}"
            )
        return stated
    if isinstance(space, spaces.Box):
        shape = space.shape or (1,)
        own = ArraySpec(shape, "uint8" if space.dtype == np.uint8 else "float32")
    else:
        own = ArraySpec((spaces.utils.flatdim(space),))
    if stated is not None and stated.shape != own.shape:
        raise InputError(
            f"observation_spec has {name!r} of shape {stated.shape}; the environment's is "
            f"{own.shape}"
        )
    return own if stated is None else stated


def _array(name: str, space: gymnasium.Space[Any], spec: ArraySpec, value: Any) -> NDArray[Any]:
    if isinstance(space, spaces.Sequence):
        rows = np.asarray(value, spec.dtype).reshape(-1, spec.shape[1] - 1)
        if len(rows) > spec.shape[0]:
            raise InputError(f"{name} has {len(rows)} rows; observation_spec says {spec.shape[0]}")
        filled = np.zeros(spec.shape, spec.dtype)
        filled[: len(rows), :-1], filled[: len(rows), -1] = rows, 1
        return filled
    if not isinstance(space, spaces.Box):
        value = spaces.utils.flatten(space, value)
    return np.array(value, spec.dtype).reshape(spec.shape)


def find_constraint(env: Any) -> Any:
    """The constraint of an environment, found through its wrappers; None if it has none."""
    try:
        return env.get_wrapper_attr("constraint")
    except AttributeError:
        return None


class _ByName:
    """Picks a model's inputs, each by the name that it has among all."""

    def __init__(self, inputs: ObserveFn, names: Mapping[str, str]) -> None:
        self._inputs, self._names = inputs, dict(names)

    def __call__(self, observation: Any) -> Observation:
        arrays = self._inputs(observation)
        return {name: arrays[key] for name, key in self._names.items()}


def find_observe(
    space: gymnasium.Space[Any], constraint: Any, inputs: Mapping[str, tuple[int, ...]] | None
) -> ObserveFn:
    """How a model's inputs are taken from an environment's observations, where nobody says so.

    Args:
        space: observation space of the environment.
        constraint: constraint of the environment, or None.
        inputs: shape of every input by name; None if the model does not tell.

    Raises:
        InputError: the inputs are neither found by name nor given by the constraint.
    """
    if inputs is None:
        if constraint is None:
            return SpaceInputs(space)
        return _ByName(constraint.inputs, {name: name for name in constraint.observation_spec})
    single = not isinstance(space, spaces.Dict)
    if single and constraint is None and len(inputs) == 1:
        return _ByName(SpaceInputs(space), {next(iter(inputs)): ONLY})
    if isinstance(space, spaces.Dict) and set(inputs) <= set(space.spaces):
        # Only these entries: others may be of any kind.
        chosen = spaces.Dict({name: space.spaces[name] for name in inputs})
        if not any(isinstance(each, spaces.Sequence) for each in chosen.spaces.values()):
            return _ByName(SpaceInputs(chosen), {name: name for name in inputs})
    if constraint is not None and set(constraint.observation_spec) == set(inputs):
        return _ByName(constraint.inputs, {name: name for name in inputs})
    there = sorted(space.spaces) if isinstance(space, spaces.Dict) else f"a {type(space).__name__}"
    raise InputError(
        f"the model takes {sorted(inputs)}, and the environment observes {there}; give "
        "observe, a function from an observation to these inputs"
    )


def stacked(inputs: list[Mapping[str, NDArray[Any]]]) -> Observation:
    """Inputs of B observations as arrays `[B, ...]`."""
    return {name: np.stack([each[name] for each in inputs]) for name in inputs[0]}
