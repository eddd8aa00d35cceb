"""Policies that propose several actions and take the first that the constraint allows."""

from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import ActorCriticPolicy, MultiInputActorCriticPolicy
from stable_baselines3.sac import policies as sac

from fag_tf.rl.constraint import Constraint
from fag_tf.rl.observed_inputs import stacked

__all__ = ["Resampler", "resampling_policy"]


class Resampler:
    """Chooses among proposals.

    Args:
        constraint: tells which are allowed.
        space: the constraint's actions as the environment takes them; the agent's run from -1 to 1
            on every axis.
        proposals: number of actions that the policy proposes.
    """

    def __init__(
        self, constraint: Constraint, space: gymnasium.spaces.Box, proposals: int = 64
    ) -> None:
        self.proposals = proposals
        self._constraint, self._low, self._high = constraint, space.low, space.high

    def first_allowed(self, observations: Any, offered: torch.Tensor) -> torch.Tensor:
        """For each of n observations the place `[n]` of the first action allowed; 0 if none is.

        Args:
            observations: tensors `[n, ...]`, by name or a single one.
            offered: actions `[n, K, A]`, within -1 and 1 once cut off.
        """
        share = 0.5 * (np.clip(offered.detach().cpu().numpy(), -1.0, 1.0) + 1.0)
        actions = self._low + share * (self._high - self._low)
        inputs = stacked([self._constraint.inputs(each) for each in _each(observations)])
        allowed = np.asarray(self._constraint.feasible(inputs, actions.astype(np.float32)))
        return torch.as_tensor(np.argmax(allowed, axis=1), device=offered.device)


def _each(observations: Any) -> list[Any]:
    """N observations, as an environment gives them, of tensors `[n, ...]`."""
    if not isinstance(observations, dict):
        return list(observations.cpu().numpy())
    arrays: dict[str, NDArray[Any]] = {
        name: tensor.cpu().numpy() for name, tensor in observations.items()
    }
    count = len(next(iter(arrays.values())))
    return [{name: array[i] for name, array in arrays.items()} for i in range(count)]


def _repeated(observations: Any, times: int) -> Any:
    if isinstance(observations, dict):
        return {name: _repeated(each, times) for name, each in observations.items()}
    return observations.repeat_interleave(times, dim=0)


class _OffPolicy:
    """Resampling for a policy whose actor gives an action for every observation."""

    resampler: Resampler

    def _predict(self, observation: Any, deterministic: bool = False) -> torch.Tensor:
        count = self.resampler.proposals
        many = _repeated(observation, count)
        offered = self.actor(many, False)  # type: ignore[attr-defined]
        offered = offered.reshape(-1, count, offered.shape[-1])
        if deterministic:
            offered[:, 0] = self.actor(observation, True)  # type: ignore[attr-defined]
        place = self.resampler.first_allowed(observation, offered)
        return offered[torch.arange(len(offered)), place]


class _OnPolicy:
    """Resampling for a policy that also gives the value and the probability of an action."""

    resampler: Resampler

    def forward(self, obs: Any, deterministic: bool = False) -> Any:
        distribution = self.get_distribution(obs)  # type: ignore[attr-defined]
        count = self.resampler.proposals
        offered = torch.stack([distribution.get_actions() for _ in range(count)], dim=1)
        if deterministic:
            offered[:, 0] = distribution.get_actions(deterministic=True)
        place = self.resampler.first_allowed(obs, offered)
        actions = offered[torch.arange(len(offered)), place]
        values = self.predict_values(obs)  # type: ignore[attr-defined]
        return actions, values, distribution.log_prob(actions)

    def _predict(self, observation: Any, deterministic: bool = False) -> torch.Tensor:
        actions: torch.Tensor = self.forward(observation, deterministic)[0]
        return actions


class _SACPolicy(_OffPolicy, sac.SACPolicy):
    pass


class _MultiInputSACPolicy(_OffPolicy, sac.MultiInputPolicy):
    pass


class _PPOPolicy(_OnPolicy, ActorCriticPolicy):
    pass


class _MultiInputPPOPolicy(_OnPolicy, MultiInputActorCriticPolicy):
    pass


def resampling_policy(algorithm: str, space: gymnasium.Space[Any]) -> type[Any]:
    """The class of a policy for an algorithm and an observation space.

    The policy's attribute `resampler` has to be set before it is first called.
    """
    several = isinstance(space, gymnasium.spaces.Dict)
    if algorithm == "sac":
        return _MultiInputSACPolicy if several else _SACPolicy
    return _MultiInputPPOPolicy if several else _PPOPolicy
