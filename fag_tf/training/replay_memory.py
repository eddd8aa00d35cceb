"""Replay memory: states with the actions tried in them and whether each was feasible."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fag_tf.errors import InputError
from fag_tf.spaces import ArraySpec, Observation

__all__ = ["ExperienceBatch", "ReplayMemory"]


class ExperienceBatch(NamedTuple):
    """States with the actions tried in them and whether each was feasible.

    As arrays it is what a round of collection finds and what the memory gives; as tensors, what
    the critic learns from.

    Attributes:
        observation: named arrays `[B, ...]`.
        actions: `[B, E, A]` float32.
        feasibility: `[B, E]`: booleans as collected, float32 0 or 1 as drawn.
        log_odds_offset: `[B]` float32, what a draw added to the log odds of "feasible". A critic
            that adds it to its logit while it learns is calibrated to what was collected. None of
            what is collected.
    """

    observation: Observation
    actions: Any
    feasibility: Any
    log_odds_offset: Any = None


class ReplayMemory:
    """A ring of states, each with the same number of experiences.

    Feasible actions are rare, so a draw takes feasible and infeasible experiences in a chosen
    share, state by state, and reports by how much that shifts the odds.

    Args:
        capacity: states kept; the oldest make room.
        experiences: actions stored with each state.
        observation_spec: the environment's.
        action_dim: A.
    """

    def __init__(
        self,
        capacity: int,
        experiences: int,
        observation_spec: Mapping[str, ArraySpec],
        action_dim: int,
    ) -> None:
        if capacity < 1 or experiences < 1:
            raise InputError(
                f"a memory of {capacity} states with {experiences} experiences holds nothing; "
                "both must be at least 1"
            )
        self.capacity = capacity
        self.added = 0
        self._observation = {
            name: np.zeros((capacity, *spec.shape), spec.kept or spec.dtype)
            for name, spec in observation_spec.items()
        }
        self._dtypes = {name: spec.dtype for name, spec in observation_spec.items()}
        self._actions = np.zeros((capacity, experiences, action_dim), np.float32)
        self._feasibility = np.zeros((capacity, experiences), np.bool_)

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(self, batch: ExperienceBatch) -> None:
        """Store B states with their actions and labels."""
        slots = (self.added + np.arange(len(batch.actions))) % self.capacity
        for name, array in self._observation.items():
            array[slots] = batch.observation[name]
        self._actions[slots] = batch.actions
        self._feasibility[slots] = batch.feasibility
        self.added += len(batch.actions)

    def _observed(self, slots: NDArray[np.int64]) -> Observation:
        return {
            name: array[slots].astype(self._dtypes[name], copy=False)
            for name, array in self._observation.items()
        }

    def draw(
        self, rng: np.random.Generator, batch: int, experiences: int, feasible_share: float
    ) -> ExperienceBatch:
        """Draw `batch` states and, in each, `experiences` actions with replacement.

        Args:
            rng: the only source of randomness.
            batch: states.
            experiences: actions a state.
            feasible_share: share of feasible ones, in (0, 1); a state that has only one kind
                gives that kind.
        """
        slots = rng.integers(len(self), size=batch)
        feasible = self._feasibility[slots]
        share = feasible.mean(axis=1)
        wanted = np.where(share == 0.0, 0.0, np.where(share == 1.0, 1.0, feasible_share))
        number = np.round(wanted * experiences).astype(int)
        take_feasible = np.arange(experiences) < number[:, None]
        # The k-th of the stored actions of a kind, k uniform: positions sorted by kind.
        by_kind = np.argsort(~feasible, axis=1, kind="stable")
        total = feasible.shape[1]
        positives = feasible.sum(axis=1)[:, None]
        low = np.where(take_feasible, 0, positives)
        high = np.where(take_feasible, positives, total)
        rank = low + np.floor(rng.random((batch, experiences)) * (high - low)).astype(int)
        # In random order, so that any part of them has the same shares on average.
        rank = rng.permuted(rank, axis=1)
        chosen = np.take_along_axis(by_kind, rank, axis=1)
        drawn = np.take_along_axis(feasible, chosen, axis=1)
        return ExperienceBatch(
            observation=self._observed(slots),
            actions=np.take_along_axis(self._actions[slots], chosen[..., None], axis=1),
            feasibility=drawn.astype(np.float32),
            log_odds_offset=_log_odds_offset(drawn.mean(axis=1), share),
        )

    def state_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that a checkpoint must hold, as named arrays."""
        used = len(self)
        arrays: dict[str, NDArray[Any]] = {
            f"observation.{name}": array[:used] for name, array in self._observation.items()
        }
        return arrays | {
            "actions": self._actions[:used],
            "feasibility": self._feasibility[:used],
            "added": np.array(self.added),
        }

    def restore_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Inverse of `state_arrays`.

        Raises:
            InputError: the arrays are not of this memory's shape.
        """
        targets = {f"observation.{name}": array for name, array in self._observation.items()}
        targets |= {"actions": self._actions, "feasibility": self._feasibility}
        for name, target in targets.items():
            if name not in arrays or arrays[name].shape[1:] != target.shape[1:]:
                raise InputError(
                    f"the saved memory lacks {name!r} of shape {target.shape[1:]} each"
                )
            target[: len(arrays[name])] = arrays[name]
        self.added = int(arrays["added"])


def _log_odds_offset(
    drawn: NDArray[np.floating[Any]], stored: NDArray[np.floating[Any]]
) -> NDArray[np.float32]:
    both = (drawn > 0.0) & (drawn < 1.0) & (stored > 0.0) & (stored < 1.0)
    drawn, stored = np.where(both, drawn, 0.5), np.where(both, stored, 0.5)
    offset = np.log(drawn / (1.0 - drawn)) - np.log(stored / (1.0 - stored))
    return np.where(both, offset, 0.0).astype(np.float32)
