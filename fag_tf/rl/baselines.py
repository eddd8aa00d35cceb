"""Other ways to make an agent keep a constraint, as wrappers with the same interface.

An agent's action is one of the environment's own. It is checked by the environment's constraint
before it is taken, and the `info` of a step has `action`, the action that was taken, and
`intervened`, whether it is another one than the agent's.
"""

from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from fag_tf.errors import InputError
from fag_tf.rl.constraint import Constraint
from fag_tf.rl.latent_mapping import MappingModel
from fag_tf.rl.observed_inputs import find_constraint, stacked

__all__ = ["ConstraintWrapper", "Lagrangian", "Penalty", "Projection", "Replacement"]

# Where allowed actions are common, the first of so many draws hold one.
_AT_ONCE = 64

Step = tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]


class ConstraintWrapper(
    gymnasium.Wrapper[Any, NDArray[Any], Any, NDArray[Any]], RecordConstructorArgs
):
    """An environment whose constraint is checked in every step. This class does not change actions.

    The `info` of a step also has `feasible`, whether the action that was taken is allowed.

    Args:
        env: the environment.
        constraint: the constraint; if None, the environment's own.

    Attributes:
        rng: random numbers. A `reset` with a seed restarts them.

    Raises:
        InputError: there is no constraint.
    """

    def __init__(
        self, env: gymnasium.Env[Any, Any], constraint: Constraint | None = None, **options: Any
    ) -> None:
        RecordConstructorArgs.__init__(
            self, _disable_deepcopy=True, constraint=constraint, **options
        )
        gymnasium.Wrapper.__init__(self, env)
        found = constraint or find_constraint(env)
        if found is None:
            raise InputError(
                f"{type(env.unwrapped).__name__} has no constraint; give one, a "
                "fag_tf.rl.Constraint"
            )
        self.bounds: Constraint = found
        self.rng = np.random.default_rng()
        self._inputs: dict[str, NDArray[Any]] = {}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment, and the random numbers if a seed is given."""
        observation, info = self.env.reset(seed=seed, options=options)
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        self._see(observation)
        return observation, info

    def step(self, action: NDArray[Any]) -> Step:
        """Step with the action that `taken` gives."""
        proposed = self._fitting(np.asarray(action))
        allowed = bool(self.allowed(proposed[None])[0])
        taken = proposed if allowed else self.replaced(proposed)
        changed = taken is not proposed
        feasible = allowed or (changed and bool(self.allowed(taken[None])[0]))
        observation, reward, terminated, truncated, info = self.env.step(taken)
        self._see(observation)
        known = {"feasible": feasible, "action": np.array(taken), "intervened": changed, **info}
        return observation, self.valued(float(reward), feasible), terminated, truncated, known

    def allowed(self, actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether actions `[N, A]` are allowed in the present state, `[N]`."""
        return np.asarray(self.bounds.feasible(self._inputs, actions[None])[0], bool)

    def replaced(self, action: NDArray[Any]) -> NDArray[Any]:
        """The action that replaces an action `[A]` that is not allowed."""
        return action

    def valued(self, reward: float, feasible: bool) -> float:
        """The reward that the agent is given."""
        return reward

    def _see(self, observation: Any) -> None:
        arrays = stacked([self.bounds.inputs(observation)])
        self._inputs = {name: np.array(array) for name, array in arrays.items()}

    def _fitting(self, action: NDArray[Any]) -> NDArray[Any]:
        """An action in the type of the action space and within its bounds."""
        space = self.env.action_space
        assert isinstance(space, spaces.Box)
        return np.clip(action, space.low, space.high).astype(space.dtype)


class Penalty(ConstraintWrapper):
    """An action that is not allowed is taken, and lowers the agent's reward.

    Args:
        env: the environment.
        amount: subtracted from the reward of each such step.
        constraint: as for `ConstraintWrapper`.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        amount: float = 1.0,
        constraint: Constraint | None = None,
    ) -> None:
        super().__init__(env, constraint, amount=amount)
        self._amount = amount

    def valued(self, reward: float, feasible: bool) -> float:
        """See the base class."""
        return reward if feasible else reward - self._amount


class Lagrangian(ConstraintWrapper):
    """A penalty whose amount is learnt: it rises while actions break the constraint too often.

    Dual ascent on the multiplier of "at most this share of the steps breaks the constraint". An
    agent that learns from a replay memory keeps rewards of earlier multipliers there.

    Args:
        env: the environment.
        limit: greatest share of steps with an action that is not allowed.
        rate: change of the multiplier if the share exceeds the limit by 1.
        every: number of steps after which the multiplier is changed.
        constraint: as for `ConstraintWrapper`.

    Attributes:
        multiplier: subtracted from the reward of each step with such an action. It starts at 0.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        limit: float = 0.01,
        rate: float = 1.0,
        every: int = 200,
        constraint: Constraint | None = None,
    ) -> None:
        super().__init__(env, constraint, limit=limit, rate=rate, every=every)
        self.multiplier = 0.0
        self._limit, self._rate, self._every = limit, rate, every
        self._steps = self._broken = 0

    def valued(self, reward: float, feasible: bool) -> float:
        """See the base class."""
        cost = 0.0 if feasible else self.multiplier
        self._steps += 1
        self._broken += not feasible
        if self._steps == self._every:
            share = self._broken / self._steps
            self.multiplier = max(0.0, self.multiplier + self._rate * (share - self._limit))
            self._steps = self._broken = 0
        return reward - cost


class Replacement(ConstraintWrapper):
    """An action that is not allowed is replaced by an allowed one, drawn at random.

    Args:
        env: the environment.
        draws: most draws among which an allowed one is searched, 64 at a time. If there is none,
            the agent's action is taken.
        model: model whose samples are the draws, as for `ActionMapping`. If None, the draws are
            uniform over the action space.
        constraint: as for `ConstraintWrapper`.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        draws: int = 1024,
        model: Any = None,
        constraint: Constraint | None = None,
    ) -> None:
        held = None if model is None else MappingModel(model)
        super().__init__(env, constraint, draws=draws, model=held)
        self._draws, self._model = draws, held

    def replaced(self, action: NDArray[Any]) -> NDArray[Any]:
        """See the base class."""
        for drawn in range(0, self._draws, _AT_ONCE):
            offered = self._offered(min(_AT_ONCE, self._draws - drawn))
            places = np.flatnonzero(self.allowed(offered))
            if len(places):
                return self._fitting(offered[places[0]])
        return action

    def _offered(self, count: int) -> NDArray[Any]:
        """Draws `[count, A]`."""
        if self._model is None:
            return self.bounds.action_space.sample(self.rng, count)
        latent = self.rng.uniform(-1.0, 1.0, (1, count, self._model.latent_dim))
        names = self._model.inputs or self._inputs
        observed = {name: self._inputs[name] for name in names}
        offered: NDArray[Any] = self._model(observed, latent)[0][0]
        return offered


class Projection(ConstraintWrapper):
    """An action that is not allowed is replaced by the nearest allowed one.

    It is exact if the constraint can project. Otherwise it is the nearest of many draws. Half of
    them are uniform, and half are around the action, at distances from 1/1000 of the action space
    to all of it. Distances are in half-ranges of the axes, and the shortest way around a periodic
    axis.

    Args:
        env: the environment.
        draws: number of draws. If none is allowed, the agent's action is taken.
        constraint: as for `ConstraintWrapper`.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        draws: int = 1024,
        constraint: Constraint | None = None,
    ) -> None:
        super().__init__(env, constraint, draws=draws)
        self._draws = draws

    def replaced(self, action: NDArray[Any]) -> NDArray[Any]:
        """See the base class."""
        exact = self.bounds.project(self._inputs, action[None, None])
        if exact is not None:
            return self._fitting(exact[0, 0])
        space = self.bounds.action_space
        near = self._draws // 2
        reach = 10.0 ** self.rng.uniform(-3.0, 0.0, (near, 1)) * space.half_range
        around = space.wrap(action + reach * self.rng.standard_normal((near, space.dim)))
        offered = np.concatenate([around, space.sample(self.rng, self._draws - near)])
        offered = np.clip(offered, space.low, space.high).astype(np.float32)
        offered = offered[self.allowed(offered)]
        if not len(offered):
            return action
        apart = space.difference(offered, action) / space.half_range
        return self._fitting(offered[np.argmin(np.square(apart).sum(axis=1))])
