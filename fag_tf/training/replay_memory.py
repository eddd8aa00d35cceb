"""Replay memory: states, the actions tried in them, and the labels of the actions."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fag_tf.errors import InputError
from fag_tf.spaces import ArraySpec, Observation

__all__ = ["ExperienceBatch", "ReplayMemory"]


class ExperienceBatch(NamedTuple):
    """States, the actions tried in them, and the labels of the actions.

    The collector and the replay memory give it with arrays. The critic learns from it with tensors.

    Attributes:
        observation: named arrays `[B, ...]`.
        actions: actions `[B, E, A]`, float32.
        feasibility: labels `[B, E]`: booleans after collection, float32 0 or 1 after a draw.
        log_odds_offset: change of the log odds of "feasible" by a draw, `[B]` float32; None after
            collection. A critic that adds it to its logits in training is calibrated to the
            collected experience.
    """

    observation: Observation
    actions: Any
    feasibility: Any
    log_odds_offset: Any = None


class ReplayMemory:
    """A ring buffer of states with an equal number of experiences each.

    Feasible actions are rare. In each state, a draw therefore takes a chosen share of feasible
    actions. It also gives the change of the log odds that this share causes.

    Where next to nothing is feasible, an action may count as feasible that is not far from it: one
    whose violation is at most the tolerance. The tolerance only falls, and labels fall with it.

    Args:
        capacity: greatest number of states. New states replace the oldest states.
        experiences: number of actions stored with each state.
        observation_spec: specification of the environment's observations.
        action_dim: A.
        graded: whether violations are kept and the tolerance begins at infinity.

    Attributes:
        capacity: greatest number of states.
        tolerance: greatest violation of an action that counts as feasible.
        added: number of states added so far, including replaced states.

    Raises:
        InputError: `capacity` or `experiences` is below 1.
    """

    def __init__(
        self,
        capacity: int,
        experiences: int,
        observation_spec: Mapping[str, ArraySpec],
        action_dim: int,
        graded: bool = False,
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
        self._violation = np.zeros((capacity, experiences if graded else 0), np.float32)
        self.tolerance = np.inf if graded else 0.0

    def __len__(self) -> int:
        return min(self.added, self.capacity)

    def add(self, batch: ExperienceBatch, violation: NDArray[Any] | None = None) -> None:
        """Store B states with their actions and labels.

        Args:
            batch: the states.
            violation: how far each action is from being feasible, `[B, E]`; None if nobody knows,
                which stands for infinitely far.
        """
        slots = (self.added + np.arange(len(batch.actions))) % self.capacity
        for name, array in self._observation.items():
            array[slots] = batch.observation[name]
        self._actions[slots] = batch.actions
        self._feasibility[slots] = batch.feasibility
        if self.tolerance > 0.0:
            if violation is None:
                violation = np.where(batch.feasibility, 0.0, np.inf)
            self._violation[slots] = violation
            self._feasibility[slots] = self._violation[slots] <= self.tolerance
        self.added += len(batch.actions)

    def observations(self, most: int) -> Observation:
        """The observations of up to `most` remembered states, `[B, ...]` by name."""
        return self._observed(np.arange(min(len(self), most)))

    def has_feasible(self) -> bool:
        """Whether any remembered action counts as feasible."""
        return bool(self._feasibility[: len(self)].any())

    def tighten(self, tolerance: float) -> None:
        """Lower the tolerance, and label what is remembered by it; a higher one changes nothing."""
        if tolerance < self.tolerance:
            self.tolerance = tolerance
            used = len(self)
            self._feasibility[:used] = self._violation[:used] <= tolerance

    def _observed(self, slots: NDArray[np.int64]) -> Observation:
        return {
            name: array[slots].astype(self._dtypes[name], copy=False)
            for name, array in self._observation.items()
        }

    def draw(
        self, rng: np.random.Generator, batch: int, experiences: int, feasible_share: float
    ) -> ExperienceBatch:
        """Draw states, and actions in each state, with replacement.

        Args:
            rng: draws all random numbers.
            batch: B, number of states.
            experiences: E, number of actions in each state.
            feasible_share: share of feasible actions, in (0, 1]. A state with only feasible or
                only infeasible actions gives only this kind.

        Returns:
            A batch with labels as float32 `[B, E]` and log odds offsets `[B]`.
        """
        slots = rng.integers(len(self), size=batch)
        feasible = self._feasibility[slots]
        share = feasible.mean(axis=1)
        wanted = np.where(share == 0.0, 0.0, np.where(share == 1.0, 1.0, feasible_share))
        number = np.round(wanted * experiences).astype(int)
        take_feasible = np.arange(experiences) < number[:, None]
        # Positions sorted by label; a uniform rank selects one within its label.
        by_kind = np.argsort(~feasible, axis=1, kind="stable")
        total = feasible.shape[1]
        positives = feasible.sum(axis=1)[:, None]
        low = np.where(take_feasible, 0, positives)
        high = np.where(take_feasible, positives, total)
        rank = low + np.floor(rng.random((batch, experiences)) * (high - low)).astype(int)
        # In random order, so that each part of the batch has equal shares on average.
        rank = rng.permuted(rank, axis=1)
        chosen = np.take_along_axis(by_kind, rank, axis=1)
        drawn = np.take_along_axis(feasible, chosen, axis=1)
        return ExperienceBatch(
            observation=self._observed(slots),
            actions=np.take_along_axis(self._actions[slots], chosen[..., None], axis=1),
            feasibility=drawn.astype(np.float32),
            log_odds_offset=_log_odds_offset(drawn.mean(axis=1), share),
        )

    @property
    def nbytes(self) -> int:
        """Size of a full memory, bytes."""
        arrays = (*self._observation.values(), self._actions, self._feasibility, self._violation)
        return sum(array.nbytes for array in arrays)

    def state_arrays(self) -> dict[str, NDArray[Any]]:
        """The contents as named arrays, for a checkpoint."""
        used = len(self)
        arrays: dict[str, NDArray[Any]] = {
            f"observation.{name}": array[:used] for name, array in self._observation.items()
        }
        return (
            arrays
            | {
                "actions": self._actions[:used],
                "feasibility": self._feasibility[:used],
                "added": np.array(self.added),
            }
            | self._graded_arrays(used)
        )

    def _graded_arrays(self, used: int) -> dict[str, NDArray[Any]]:
        if not self._violation.shape[1]:
            return {}
        return {"violation": self._violation[:used], "tolerance": np.array(self.tolerance)}

    def restore_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Restore the contents from the arrays of `state_arrays`.

        Raises:
            InputError: the shapes of the arrays do not fit this memory.
        """
        targets = {f"observation.{name}": array for name, array in self._observation.items()}
        targets |= {"actions": self._actions, "feasibility": self._feasibility}
        if self._violation.shape[1]:
            targets["violation"] = self._violation
        for name, target in targets.items():
            if name not in arrays or arrays[name].shape[1:] != target.shape[1:]:
                raise InputError(
                    f"the saved memory lacks {name!r} of shape {target.shape[1:]} each"
                )
            target[: len(arrays[name])] = arrays[name]
        self.added = int(arrays["added"])
        if self._violation.shape[1]:
            self.tolerance = float(arrays["tolerance"])


def _log_odds_offset(
    drawn: NDArray[np.floating[Any]], stored: NDArray[np.floating[Any]]
) -> NDArray[np.float32]:
    both = (drawn > 0.0) & (drawn < 1.0) & (stored > 0.0) & (stored < 1.0)
    drawn, stored = np.where(both, drawn, 0.5), np.where(both, stored, 0.5)
    offset = np.log(drawn / (1.0 - drawn)) - np.log(stored / (1.0 - stored))
    return np.where(both, offset, 0.0).astype(np.float32)
