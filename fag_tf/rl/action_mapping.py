"""Reinforcement learning over latents: a wrapper whose every action becomes a feasible one.

After Action Mapping (arXiv 2412.04327): first all feasible actions are learnt, then an agent
chooses among them. The agent's action is a latent, and a trained actor maps it to an action of the
environment. Evenly spread latents become evenly spread feasible actions, so an agent explores the
feasible set alone.
"""

from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from fag_tf.errors import InputError
from fag_tf.rl.latent_mapping import MappingModel
from fag_tf.rl.observed_inputs import ObserveFn, find_constraint, find_observe, stacked

__all__ = ["LOOKS", "MARGIN", "ActionMapping", "Mapper", "latent_box"]

MARGIN = 0.02
"""Share of the latents that is left out at both ends of an axis by default, together.

An agent often goes to the ends of its action space. There lie the outermost edges of a density
whose edges are soft, where actions are less often feasible than anywhere else.
"""


LOOKS = 8
"""Number of latents that are looked at for one of the agent's, by default."""

BELIEVED = 0.97
"""Probability of an action at which no further latent is looked at."""

# Distance of the furthest look from the given latent, a mean over the axes.
_REACH = 0.4


def latent_box(dim: int) -> gymnasium.Space[Any]:
    """The space of latents, `[-1, 1]^A`."""
    return spaces.Box(-1.0, 1.0, (dim,), np.float32)


class Mapper:
    """A model's mapping for one environment: latents in, actions of its action space out.

    Args:
        model: what `MappingModel` takes.
        space: action space of the environment.
        margin: see `ActionMapping`.
        looks: see `ActionMapping`.

    Attributes:
        model: the model.

    Raises:
        InputError: the action space is no Box of finite bounds, the model is for other actions, the
            margin is no share, or there is no look.
    """

    def __init__(
        self,
        model: Any,
        space: gymnasium.Space[Any],
        margin: float = MARGIN,
        looks: int = LOOKS,
    ) -> None:
        if not 0.0 <= margin < 1.0:
            raise InputError(f"margin is {margin!r}; it must be at least 0 and below 1")
        if not 1 <= looks <= 1024:
            raise InputError(f"looks is {looks!r}; it must be a whole number of 1 to 1024")
        self._kept = 1.0 - margin
        if not (isinstance(space, spaces.Box) and len(space.shape) == 1 and space.is_bounded()):
            raise InputError(
                f"the action space is {space}; action mapping needs a Box of one axis of numbers "
                "with finite bounds"
            )
        self.model = model if isinstance(model, MappingModel) else MappingModel(model)
        self._space = space
        if (self.model.latent_dim,) != space.shape:
            raise InputError(
                f"the model maps to actions of {self.model.latent_dim} numbers; the environment "
                f"takes {space.shape[0]}"
            )
        self._offsets = _offsets(looks, self.model.latent_dim)

    def __call__(
        self, inputs: dict[str, NDArray[Any]], latent: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]:
        """One action for each of B observations.

        Args:
            inputs: arrays `[B, ...]` by name.
            latent: latents `[B, A]`.

        Returns:
            Actions `[B, A]` in the type of the action space and within its bounds, the model's
            probability that each is feasible `[B]`, and the log of the density that evenly spread
            latents have there without further looks, per product of the units of the axes, `[B]`.
        """
        own = np.clip(np.asarray(latent, np.float32)[:, None], -1.0, 1.0)
        latents = self._kept * _reflected(own + self._offsets)
        actions, feasibility, log_density = self.model(inputs, latents)
        enough = feasibility >= BELIEVED
        place = np.where(enough.any(axis=1), enough.argmax(axis=1), feasibility.argmax(axis=1))
        chosen = (np.arange(len(place)), place)
        # Bounds that the model does not have in its own numbers are kept too.
        action = np.clip(actions[chosen], self._space.low, self._space.high)
        # The same probability on a smaller share of the latents is denser.
        denser = latents.shape[-1] * np.log(self._kept)
        return action.astype(self._space.dtype), feasibility[chosen], log_density[chosen] - denser


def _offsets(looks: int, dim: int) -> NDArray[np.float32]:
    """What is added to a latent for each look, `[looks, A]`: 0, then always further away.

    A random direction is followed by the opposite one, so that no side is left out.
    """
    direction = np.random.default_rng(0).normal(size=(looks // 2 + 1, dim))
    direction /= np.sqrt(np.mean(np.square(direction), axis=1, keepdims=True))
    direction = np.stack([direction, -direction], axis=1).reshape(-1, dim)[:looks]
    distance = _REACH * np.arange(looks) / max(looks - 1, 1)
    offsets: NDArray[np.float32] = (distance[:, None] * direction).astype(np.float32)
    return offsets


def _reflected(latents: NDArray[np.float32]) -> NDArray[np.float32]:
    """Latents of -3 to 3 brought within -1 and 1 by mirrors at the ends."""
    back: NDArray[np.float32] = np.clip(latents, -2.0 - latents, 2.0 - latents)
    return np.clip(back, -1.0, 1.0)


class ActionMapping(
    gymnasium.ActionWrapper[Any, NDArray[np.float32], NDArray[Any]], RecordConstructorArgs
):
    """An environment whose action is a latent in `[-1, 1]^A`, mapped to a feasible action.

    The `info` of each step has `action`, the action `[A]` that the environment was given,
    `feasibility`, the model's probability that it is feasible, and `log_density`, the log of the
    density there of the actions that uniform latents are mapped to with `looks=1`, per product of
    the units of the axes.

    A latent is not always mapped to a feasible action. Therefore a few latents near it, at fixed
    offsets, are tried too. The first one whose action gets a probability of at least 0.97 from the
    model is taken; if there is none, the most likely one. The given latent is tried first.

    It can be pickled for vectorised environments in several processes. Each process loads the
    model's folder again.

    Args:
        env: the environment. Its action space is a Box with finite bounds.
        model: a loaded model, the name of one that comes with the package, the folder of a model or
            of a run, a run, or any `fag_tf.rl.latent_mapping.LatentMapping`.
        observe: function from one observation of the environment to the model's inputs, named
            arrays without a batch axis. By default the inputs are the entries of a Dict by name, or
            those of the environment's `constraint`. A model with one input gets a Box unchanged.
        margin: share of the latents of an axis that is left out, half of it at each end.
        looks: number of latents that are tried, including the given one, which is tried first.

    Raises:
        InputError: the model cannot be loaded or does not fit the environment.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        model: Any,
        observe: ObserveFn | None = None,
        margin: float = MARGIN,
        looks: int = LOOKS,
    ) -> None:
        held = model if isinstance(model, MappingModel) else MappingModel(model)
        RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            model=held.source or held,
            observe=observe,
            margin=margin,
            looks=looks,
        )
        gymnasium.ActionWrapper.__init__(self, env)
        self._mapper = Mapper(held, env.action_space, margin, looks)
        self._observe = observe or find_observe(
            env.observation_space, find_constraint(env), held.inputs
        )
        self._inputs: dict[str, NDArray[Any]] | None = None
        self._mapped: dict[str, Any] = {}
        self.action_space = latent_box(held.latent_dim)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._see(observation)
        return observation, info

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step with the action that the latent `[A]` is mapped to."""
        observation, reward, terminated, truncated, info = self.env.step(self.action(action))
        self._see(observation)
        return observation, reward, terminated, truncated, {**info, **self._mapped}

    def action(self, action: NDArray[np.float32]) -> NDArray[Any]:
        """The environment's action `[A]` for a latent `[A]`, in the present state.

        Raises:
            gymnasium.error.ResetNeeded: the environment was never reset.
        """
        if self._inputs is None:
            raise gymnasium.error.ResetNeeded("call reset before the first step")
        actions, feasibility, log_density = self._mapper(self._inputs, np.asarray(action)[None])
        self._mapped = {
            "action": actions[0].copy(),
            "feasibility": float(feasibility[0]),
            "log_density": float(log_density[0]),
        }
        return actions[0]

    def _see(self, observation: Any) -> None:
        # At once, since an environment may write the next observation into the same array.
        arrays = stacked([self._observe(observation)])
        self._inputs = {name: np.array(array) for name, array in arrays.items()}
