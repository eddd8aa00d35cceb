"""What both motion environments share: random states, and a truth by rejection."""

import functools
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.records import RecordEnvironment
from fag_tf.environments.rejection_truth import RejectionTruth
from fag_tf.errors import InputError

__all__ = ["MotionEnvironment"]

S = TypeVar("S")
Array = NDArray[np.float64]


class MotionEnvironment(RecordEnvironment[S]):
    """An environment whose states are random scenes of one kind, and that is judged by rules.

    Attributes:
        rules: meaning of each number that `first_broken_rule` gives; 0 is "feasible".
    """

    rules: ClassVar[tuple[str, ...]]
    actor_kinds = ("auto", "autoregressive", "implicit")

    @abstractmethod
    def frame(self) -> Any:
        """The `fag_tf.networks.framed.Frame` in which the networks look at a state."""

    def build_actor(self, config: Any) -> Any:
        """The actor: autoregressive or implicit, in the frame; see the base class."""
        from fag_tf.environments.motion.networks.build import build_actor

        return build_actor(self.frame(), self.action_space, config)

    def build_critic(self, config: Any) -> Any:
        """The critic in the frame; see the base class."""
        from fag_tf.environments.motion.networks.build import build_critic

        return build_critic(self.frame(), config)

    @abstractmethod
    def first_broken_rule(self, states: Sequence[S], actions: NDArray[Any]) -> NDArray[np.int8]:
        """The number of the first rule that actions `[B, E, A]` break, 0 for none: `[B, E]`."""

    def feasibility(self, states: Sequence[S], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether actions `[B, E, A]` keep all rules: booleans `[B, E]`."""
        feasible: NDArray[np.bool_] = self.first_broken_rule(states, actions) == 0
        return feasible

    def evaluation_states(
        self, rng: np.random.Generator, poses: int, objects: Sequence[str] | None = None
    ) -> dict[str, list[S]]:
        """`poses` random states, under the environment's own name.

        Raises:
            InputError: another object is asked for.
        """
        for name in objects or ():
            if name != self.name:
                raise InputError(
                    f"{self.name} has no object {name!r}; its states are random, and all are "
                    f"called {self.name}"
                )
        return {self.name: self.draw_states(rng, poses)}

    def truth(self, state: S) -> RejectionTruth:
        """Uniform feasible actions of a state by rejection."""
        arrays = tuple(getattr(state, name).tobytes() for name in self.observation_spec)
        kind: Any = type(self)
        return _truth_of(kind, arrays)


@functools.lru_cache(maxsize=64)
def _truth_of(kind: Any, arrays: tuple[bytes, ...]) -> RejectionTruth:
    """The truth of a state with these arrays, cached, since drawing takes a second."""
    environment: MotionEnvironment[Any] = kind()
    observed = zip(environment.observation_spec.items(), arrays, strict=True)
    state = environment.state_class(
        **{name: np.frombuffer(each).reshape(spec.shape) for (name, spec), each in observed}
    )
    return RejectionTruth(
        environment.action_space,
        lambda actions: environment.feasibility([state], actions[None])[0],
    )
