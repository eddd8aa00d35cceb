"""What an environment must offer, and what it may offer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fag_tf.spaces import ActionSpace, ArraySpec, Observation, State

if TYPE_CHECKING:
    from fag_tf.environments.grid_truth import GridTruth
    from fag_tf.environments.sampled_truth import SampledTruth


__all__ = [
    "DescribesCard",
    "DrawsSamples",
    "EnumerableTruth",
    "Environment",
    "HasSymmetries",
    "OffersPlainAlternatives",
    "OffersReader",
    "ProvidesNetworks",
    "SampleFn",
    "WrappedEnvironment",
]


@runtime_checkable
class Environment(Protocol):
    """States, what an actor sees of them, and which actions are feasible in them.

    Attributes:
        name: short, for tables and files.
        action_space: the axes of an action.
        observation_spec: name, shape and type of every observed tensor.

    States are opaque to the library: it draws them, observes them and hands them back. Every
    method is a function of its arguments alone; all randomness comes from `rng`. While networks
    learn, methods are called from another thread than the one that made the environment, one call
    at a time.
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
class EnumerableTruth(Environment, Protocol):
    """An environment that can list or draw the feasible actions of a state, for evaluation."""

    def evaluation_states(
        self, rng: np.random.Generator, poses: int, objects: Sequence[str] | None = None
    ) -> dict[str, list[State]]:
        """`poses` states for each named object (all of them if None), none seen in training."""
        ...

    def truth(self, state: State) -> "GridTruth | SampledTruth":
        """The feasible cells of a dense grid, an empty one where nothing is; or draws."""
        ...


@runtime_checkable
class HasSymmetries(Environment, Protocol):
    """An environment that knows changes of state and action together that leave the verdict."""

    def symmetric_copies(
        self, rng: np.random.Generator, states: Sequence[State], actions: NDArray[Any]
    ) -> tuple[list[State], NDArray[np.float32]]:
        """For each state and its actions `[B, E, A]` others, with the same verdicts.

        But for actions that come to lie outside the action space, which count as infeasible.
        """
        ...


@runtime_checkable
class ProvidesNetworks(Protocol):
    """An environment that brings an actor and a critic made for its observations."""

    def build_actor(self, config: Any) -> Any:
        """A `fag_tf.networks.base.Actor`."""
        ...

    def build_critic(self, config: Any) -> Any:
        """A `fag_tf.networks.base.Critic`."""
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
class OffersReader(Protocol):
    """An environment whose rules can be applied to what is observed, as well as that tells."""

    def reader(self) -> "SampleFn":
        """A sampler that learns nothing: what a reader of the observation alone could reach."""
        ...


@runtime_checkable
class OffersPlainAlternatives(Protocol):
    """An environment with what somebody without this library would do, to measure it against."""

    def plain_feasibility(
        self, states: Sequence[State], actions: NDArray[Any]
    ) -> NDArray[np.bool_]:
        """The answers of `feasibility`, by the rules as plainly as they can be written."""
        ...

    def surroundings(self, state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Least and greatest actions `[A]` of the box that one would search at random."""
        ...


@runtime_checkable
class DescribesCard(Protocol):
    """An environment that has more to say in a model's card than the names of its tensors."""

    def card_details(self) -> dict[str, Any]:
        """The `details` of `fag_tf.deployment.model_card.build_card`."""
        ...


class SampleFn(Protocol):
    """Anything that gives actions for observations."""

    def __call__(
        self, observation: Observation, num_samples: int, seed: int
    ) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Actions `[B, K, A]` and the critic's probability that each is feasible `[B, K]`.

        The probability may be None; then nothing can be sorted out and no kept figures are given.
        """
        ...


class WrappedEnvironment:
    """Another environment; a subclass writes what differs, all else is that one's own.

    What the inner one offers besides `Environment`, it offers too.

    Args:
        inner: the environment.
    """

    def __init__(self, inner: Environment) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name == "_inner":  # not there yet, as in a copy that is being made
            raise AttributeError(name)
        return getattr(self._inner, name)
