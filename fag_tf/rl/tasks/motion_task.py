"""What the tasks of motion share: the constraint by exact rules, and the way of a step."""

import itertools
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from fag_tf.environments.motion.base import MotionEnvironment
from fag_tf.errors import InputError
from fag_tf.rl.constraint import ConstrainedEnv, Constraint
from fag_tf.spaces import Observation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MotionTask", "RuleConstraint", "nearest_single", "single_box"]

S = TypeVar("S")
Array = NDArray[np.float64]
TaskObservation = dict[str, NDArray[np.float32]]


class RuleConstraint(Constraint):
    """An action is allowed if it breaks no rule of a motion environment.

    The inputs are the environment's observation, so that a model trained on the environment can be
    asked as it is.

    Args:
        environment: whose rules hold.
    """

    def __init__(self, environment: MotionEnvironment[Any]) -> None:
        self.environment = environment
        self.observation_spec = environment.observation_spec
        self.action_space = environment.action_space

    def inputs(self, observation: Mapping[str, NDArray[Any]]) -> Observation:
        """The entries of a task's observation that the environment observes."""
        return {name: observation[name] for name in self.observation_spec}

    def feasible(
        self, inputs: Mapping[str, NDArray[Any]], actions: NDArray[Any]
    ) -> NDArray[np.bool_]:
        """Whether actions `[B, N, A]` keep all rules: `[B, N]`; see the base class."""
        return self.environment.feasibility(self.environment.states_of(dict(inputs)), actions)


class MotionTask(ConstrainedEnv[TaskObservation], Generic[S]):
    """An episode of motions, each judged by the exact rules of an environment.

    An action that breaks a rule changes nothing, earns nothing and ends the episode. The `info` of
    a step holds `feasible`, `rule` (the number of the first broken rule, 0 for none) and
    `is_success`. After any step the state is one of the environment's states.

    Args:
        environment: states, actions and rules.
        observations: what is observed beside the environment's own observation.
        bounds: least and greatest number of each entry of the environment's observation.
        render_mode: `rgb_array` for pictures, or None.

    Raises:
        InputError: the render mode is unknown.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012 - as in the base

    def __init__(
        self,
        environment: MotionEnvironment[S],
        bounds: Mapping[str, tuple[Any, Any]],
        observations: Mapping[str, spaces.Box],
        render_mode: str | None,
    ) -> None:
        modes: Any = self.metadata["render_modes"]
        if render_mode is not None and render_mode not in modes:
            raise InputError(
                f"render_mode is {render_mode!r}; it must be one of {', '.join(modes)}, or None"
            )
        self.render_mode = render_mode
        self.environment = environment
        self.constraint = RuleConstraint(environment)
        low, high = environment.action_space.float32_bounds()
        self.action_space = spaces.Box(low, high, dtype=np.float32)
        own: dict[str, spaces.Space[Any]] = {
            name: single_box(*(np.broadcast_to(bound, spec.shape) for bound in bounds[name]))
            for name, spec in environment.observation_spec.items()
        }
        seen: Any = spaces.Dict({**own, **observations})
        self.observation_space = seen
        self.state: S | None = None
        self._over = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[TaskObservation, dict[str, Any]]:
        """Draw a state and what is to be reached in it. There are no options."""
        super().reset(seed=seed)
        self.state = self._begin(self.np_random)
        self._over = False
        return self._observation(self.state), self._report()

    def step(
        self, action: NDArray[Any]
    ) -> tuple[TaskObservation, float, bool, bool, dict[str, Any]]:
        """Carry out an action `[A]`; see the class.

        Raises:
            InputError: the action has another shape.
            gymnasium.error.ResetNeeded: the episode is over, or none has begun.
        """
        if self.state is None or self._over:
            raise ResetNeeded("the episode is over; call reset() before the next step")
        asked = np.asarray(action, np.float64)
        if asked.shape != self.action_space.shape:
            raise InputError(
                f"the action has shape {list(asked.shape)}; it must be "
                f"{list(self.action_space.shape or ())}"
            )
        rule = int(self.environment.first_broken_rule([self.state], asked[None, None])[0, 0])
        reward = 0.0
        if rule == 0:
            self.state, reward = self._advance(self.state, asked)
        else:
            self._note_broken_rule(self.state)
        report = {"feasible": rule == 0, "rule": rule, **self._report()}
        self._over = rule != 0 or bool(report["is_success"])
        return self._observation(self.state), reward, self._over, False, report

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """A picture `[height, width, 3]`, or None without a render mode.

        Raises:
            gymnasium.error.ResetNeeded: no episode has begun.
        """
        if self.render_mode is None:
            return None
        if self.state is None:
            raise ResetNeeded("there is nothing to draw; call reset() first")
        from fag_tf._utils.figures import figure_pixels

        return figure_pixels(self._figure(self.state))

    def _observation(self, state: S) -> TaskObservation:
        own = {
            name: np.asarray(getattr(state, name), np.float32)
            for name in self.environment.observation_spec
        }
        return {**own, **self._goal_observation(state)}

    @abstractmethod
    def _begin(self, rng: np.random.Generator) -> S:
        """Draw a state, and set what is to be reached."""

    @abstractmethod
    def _advance(self, state: S, action: Array) -> tuple[S, float]:
        """The state after a feasible action, and the reward."""

    @abstractmethod
    def _note_broken_rule(self, state: S) -> None:
        """Take note of a state in which a rule was broken, for the report."""

    @abstractmethod
    def _goal_observation(self, state: S) -> TaskObservation:
        """What is observed beside the environment's own observation."""

    @abstractmethod
    def _report(self) -> dict[str, Any]:
        """Entries of `info`, `is_success` among them."""

    @abstractmethod
    def _figure(self, state: S) -> "Figure":
        """A picture of the state and of what is to be reached."""


def single_box(least: NDArray[Any], greatest: NDArray[Any]) -> spaces.Box:
    """A box of single precision between these corners, of their shape."""
    return spaces.Box(least.astype(np.float32), greatest.astype(np.float32), dtype=np.float32)


def nearest_single(values: Array, accepts: Callable[[Array], NDArray[np.bool_]]) -> Array:
    """Values `[n]` rounded to single precision, to the nearest that `accepts` takes.

    Rounding may push what keeps a rule by a hair over its edge. Then each value is rounded up or
    down such that the rule is kept. If no way of rounding keeps it, it is plain rounding.

    Args:
        values: numbers in double precision.
        accepts: tells of candidates `[k, n]` which are right, `[k]`.
    """
    rounded = values.astype(np.float32)
    plain: Array = rounded.astype(np.float64)
    if accepts(plain[None])[0]:
        return plain
    below, above = (
        np.where(wrong, np.nextafter(rounded, np.float32(end)), rounded).astype(np.float64)
        for wrong, end in ((plain > values, -np.inf), (plain < values, np.inf))
    )
    choices = np.array(list(itertools.product((False, True), repeat=len(values))))
    candidates = np.where(choices, above, below)
    candidates = candidates[accepts(candidates)]
    if not len(candidates):
        return plain
    nearest: Array = candidates[np.argmin(np.abs(candidates - values).sum(axis=-1))]
    return nearest
