"""Action mapping for Gymnasium's own vectorised environments: one call of the model for all."""

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorActionWrapper, VectorEnv
from gymnasium.vector.utils import batch_space, iterate
from numpy.typing import NDArray

from fag_tf.rl.action_mapping import LOOKS, MARGIN, Mapper, latent_box
from fag_tf.rl.observed_inputs import ObserveFn, find_constraint, find_observe, stacked

__all__ = ["VectorActionMapping"]


class VectorActionMapping(VectorActionWrapper[Any, NDArray[np.float32], Any, Any]):
    """`ActionMapping` for a `gymnasium.vector.VectorEnv`.

    The `info` of a step has `action` `[n, A]`, `feasibility` `[n]` and `log_density` `[n]`, and the
    masks `_action`, `_feasibility` and `_log_density` `[n]`, which are False for an environment
    that was only reset in this step.

    Args:
        env: n environments with the same spaces.
        model: as for `ActionMapping`.
        observe: as for `ActionMapping`; it is given one observation at a time.
        margin: as for `ActionMapping`.
        looks: as for `ActionMapping`.

    Raises:
        InputError: the model cannot be loaded or does not fit the environments.
    """

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        model: Any,
        observe: ObserveFn | None = None,
        margin: float = MARGIN,
        looks: int = LOOKS,
    ) -> None:
        super().__init__(env)
        self._mapper = Mapper(model, env.single_action_space, margin, looks)
        held = self._mapper.model
        self._observe = observe or find_observe(
            env.single_observation_space, _constraint(env), held.inputs
        )
        self._inputs: dict[str, NDArray[Any]] = {}
        self._mapped: dict[str, NDArray[Any]] = {}
        self._ended = np.zeros(env.num_envs, bool)
        self.single_action_space = latent_box(held.latent_dim)
        self.action_space = batch_space(self.single_action_space, env.num_envs)

    def reset(
        self,
        *,
        seed: Any = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Reset all environments; `seed` is a number, or a list of one for each."""
        observations, infos = self.env.reset(seed=seed, options=options)
        self._see(observations)
        self._ended = np.zeros(self.num_envs, bool)
        return observations, infos

    def step(self, actions: NDArray[np.float32]) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Step with the actions that the latents `[n, A]` are mapped to."""
        result = self.env.step(self.actions(actions))
        observations, rewards, terminations, truncations, infos = result
        self._see(observations)
        acted = ~self._ended
        if self.metadata.get("autoreset_mode") is AutoresetMode.NEXT_STEP:
            self._ended = np.asarray(terminations | truncations, bool)
        masks = {f"_{name}": acted.copy() for name in self._mapped}
        return observations, rewards, terminations, truncations, {**infos, **self._mapped, **masks}

    def actions(self, actions: NDArray[np.float32]) -> NDArray[Any]:
        """The environments' actions `[n, A]` for latents `[n, A]`, in the present states."""
        mapped, feasibility, log_density = self._mapper(self._inputs, np.asarray(actions))
        self._mapped = {
            "action": mapped.copy(),
            "feasibility": feasibility,
            "log_density": log_density,
        }
        return mapped

    def _see(self, observations: Any) -> None:
        each = iterate(self.env.observation_space, observations)
        # Copies, since an environment may write the next observation into the same array.
        self._inputs = stacked([self._observe(observation) for observation in each])


def _constraint(env: VectorEnv[Any, Any, Any]) -> Any:
    """The constraint of the first of the environments, if they lie in this process."""
    inner = getattr(env.unwrapped, "envs", None)
    if not inner:
        return None
    return find_constraint(inner[0])
