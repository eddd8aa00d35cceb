"""The base class of environments: the methods that one must have, and the optional ones."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

from fag_tf.spaces import ActionSpace, ArraySpec, Observation, State

if TYPE_CHECKING:
    from fag_tf.environments.grid_truth import GridTruth
    from fag_tf.environments.rejection_truth import RejectionTruth
    from fag_tf.environments.sampled_truth import SampledTruth


__all__ = [
    "ATTRIBUTES",
    "OPTIONAL_METHODS",
    "REQUIRED_METHODS",
    "Environment",
    "SampleFn",
    "WrappedEnvironment",
    "as_environment",
]

ATTRIBUTES = ("name", "action_space", "observation_spec")
REQUIRED_METHODS = ("draw_states", "observe", "feasibility")
OPTIONAL_METHODS = (
    "evaluation_states",
    "truth",
    "violation",
    "symmetric_copies",
    "states_of",
    "build_actor",
    "build_critic",
    "draw_samples",
    "reader",
    "card_details",
)


class _ClassName:
    """The name of the class in lower case, until a subclass or an object has a name of its own."""

    def __get__(self, instance: object, owner: type) -> str:
        return owner.__name__.lower()


class Environment:
    """A task: its states, what an actor sees of them, and which actions are feasible.

    A subclass sets `action_space` and `observation_spec`, and implements `draw_states`, `observe`
    and `feasibility`. All other methods are optional. Each of them says what it is for, and
    `offers` says whether a subclass has it. A subclass need not call the constructor of this class.

    Attributes:
        name: a short name for tables and files. By default the class's name in lower case.
        action_space: the axes of an action.
        observation_spec: name, shape and type of every observed tensor.
        actor_kinds: values of `actor.kind` for which an environment that offers `build_actor` has
            networks.

    A state may be of any type. The library only passes states from one method to another. The
    results of a method depend on its arguments alone, and all randomness comes from `rng`. While
    the networks learn, methods are called from another thread than the one that made the
    environment, one call at a time.
    """

    name: str = cast("str", _ClassName())
    action_space: ActionSpace
    observation_spec: Mapping[str, ArraySpec]
    actor_kinds: tuple[str, ...] = ("auto", "implicit")
    constructed_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Keep what the object is constructed with, for `registry.describe_environment`."""
        # Here and not in `__init__`, which a subclass need not call.
        made = super().__new__(cls)
        object.__setattr__(made, "constructed_with", (args, kwargs))  # a subclass may be frozen
        return made

    def __init__(self) -> None:
        # Without it a class that has no constructor would take any arguments.
        pass

    def offers(self, *methods: str) -> bool:
        """Whether the class implements all of these methods.

        A subclass removes an inherited method by setting it to None.

        Raises:
            ValueError: `Environment` knows no such method.
        """
        for method in methods:
            if method not in REQUIRED_METHODS + OPTIONAL_METHODS:
                raise ValueError(f"an environment has no method {method!r} to offer")
        return all(self._offers(method) for method in methods)

    def _offers(self, method: str) -> bool:
        own = vars(self).get(method, inspect.getattr_static(type(self), method))
        return own is not None and own is not vars(Environment)[method]

    # What every environment has.

    def draw_states(self, rng: np.random.Generator, batch: int) -> list[State]:
        """Draw `batch` states for training."""
        raise NotImplementedError

    def observe(self, states: Sequence[State]) -> Observation:
        """What the actor sees: arrays `[B, *spec.shape]` by name."""
        raise NotImplementedError

    def feasibility(self, states: Sequence[State], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """g(s, a) for actions `[B, E, A]`: booleans `[B, E]`. Each entry is one interaction."""
        raise NotImplementedError

    # For evaluation; it needs both.

    def evaluation_states(
        self, rng: np.random.Generator, poses: int, objects: Sequence[str] | None = None
    ) -> dict[str, list[State]]:
        """Draw `poses` states for each named object (all if None), none of them seen in training.

        Together with `truth`, this allows an evaluation to measure coverage and modes too.
        """
        raise NotImplementedError

    def truth(self, state: State) -> "GridTruth | SampledTruth | RejectionTruth":
        """All feasible actions of a state, in the axes' units, to measure samples against.

        With few axes it is a `GridTruth`, which is empty if nothing is feasible. With too many axes
        for a grid it is a `SampledTruth` if the modes are known, or a `RejectionTruth` if only the
        labels are known.
        """
        raise NotImplementedError

    # For telling how wrong an infeasible action is.

    def violation(self, states: Sequence[State], actions: NDArray[Any]) -> NDArray[np.float64]:
        """How far actions `[B, E, A]` are from keeping all rules: `[B, E]`, at least 0.

        It is exactly 0 for a feasible action and positive for all others. It should decrease
        towards 0 as an action gets nearer to the feasible set. Any unit will do. A label says that
        an action is infeasible, and the violation says by how much.
        """
        raise NotImplementedError

    # For learning from fewer interactions.

    def symmetric_copies(
        self, rng: np.random.Generator, states: Sequence[State], actions: NDArray[Any]
    ) -> tuple[list[State], NDArray[np.float32]]:
        """Change B states and their actions `[B, E, A]` such that all labels stay the same.

        So one label serves for several states. A changed action outside the action space counts as
        infeasible.
        """
        raise NotImplementedError

    # For whoever has an observation and wants its states.

    def states_of(self, observation: Observation) -> list[State]:
        """The B states whose observations are arrays `[B, *spec.shape]`.

        Only for environments whose observation determines the state, up to rounding. With it,
        labels and the truth can be computed for a given observation.
        """
        raise NotImplementedError

    # For networks of its own, in place of general ones; it needs both.

    def build_actor(self, config: Any) -> Any:
        """A `fag_tf.networks.base.Actor` that is made for these observations.

        Args:
            config: the run's `fag_tf.config.schema.Config`.
        """
        raise NotImplementedError

    def build_critic(self, config: Any) -> Any:
        """A `fag_tf.networks.base.Critic` that is made for these observations.

        Args:
            config: the run's `fag_tf.config.schema.Config`.
        """
        raise NotImplementedError

    # For people to look at.

    def draw_samples(
        self,
        path: Path,
        state: State,
        actions: NDArray[Any],
        feasibility: NDArray[Any] | None,
        title: str,
    ) -> None:
        """Write a picture of actions `[K, A]`, coloured by the critic's feasibility `[K]`."""
        raise NotImplementedError

    def reader(self) -> "SampleFn":
        """A sampler without learning, which reads the observation alone.

        An evaluation can compare a trained sampler with it. It shows how much the observation
        tells.
        """
        raise NotImplementedError

    def card_details(self) -> dict[str, Any]:
        """Further content of a model's card, such as frames, units and limits.

        They are the `details` of `fag_tf.deployment.model_card.build_card`.
        """
        raise NotImplementedError


class SampleFn(Protocol):
    """Anything that gives actions for observations: a policy, a saved model, a baseline."""

    def __call__(
        self, observation: Observation, num_samples: int, seed: int
    ) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Actions `[B, K, A]` and the critic's probability that each is feasible `[B, K]`.

        The probability may be None; then nothing can be sorted out and no kept figures are given.
        """
        ...


class _Forwarded:
    """A member that is the inner environment's own, until a subclass or an object has another."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else getattr(instance._inner, self._name)


class WrappedEnvironment(Environment):
    """Another environment; a subclass writes what differs, all else is that one's own.

    What the inner one offers besides what is required, it offers too.

    Args:
        inner: the environment. It may be one that has the methods without being derived from
            `Environment`.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name == "_inner":  # not there yet, as in a copy that is being made
            raise AttributeError(name)
        return getattr(self._inner, name)

    @property
    def inner(self) -> Any:
        """The environment that is wrapped."""
        return self._inner

    def _offers(self, method: str) -> bool:
        own = vars(self).get(method, inspect.getattr_static(type(self), method))
        if own is not vars(WrappedEnvironment)[method]:
            return own is not None
        if isinstance(self._inner, Environment):
            return self._inner.offers(method)
        return getattr(self._inner, method, None) is not None


for _name in ATTRIBUTES + REQUIRED_METHODS + OPTIONAL_METHODS:
    setattr(WrappedEnvironment, _name, _Forwarded(_name))


def as_environment(given: Any) -> Environment:
    """An environment as it is; anything else wrapped, so that its methods are found.

    Classes that have the methods without being derived from `Environment` are let in here alone.
    """
    return given if isinstance(given, Environment) else WrappedEnvironment(given)
