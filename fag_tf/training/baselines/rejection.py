"""Uniform actions filtered by the exact check: exact, and dear where checks are."""

from typing import Any

import numpy as np

from fag_tf.environments.validation import feasibility
from fag_tf.spaces import ActionSpace, Observation, State

__all__ = ["ExactRejection"]

_AT_ONCE = 4096
_MOST_ROUNDS = 1000


class ExactRejection:
    """A sampler that asks the environment itself.

    Args:
        environment: one that remembers the states it observed last, as `observed`.

    Attributes:
        checks: feasibility checks spent so far.
        samples: samples given for them.
    """

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.checks = 0
        self.samples = 0

    def __call__(self, observation: Observation, num_samples: int, seed: int) -> tuple[Any, None]:
        """Feasible actions `[B, K, A]`, uniform over the feasible set of each state."""
        rng = np.random.default_rng(seed)
        states: list[State] = list(self.environment.observed)
        return np.stack([self._of_state(rng, state, num_samples) for state in states]), None

    def _of_state(self, rng: np.random.Generator, state: State, count: int) -> Any:
        space: ActionSpace = self.environment.action_space
        found: list[Any] = []
        have = 0
        for _ in range(_MOST_ROUNDS):
            tried = space.sample(rng, _AT_ONCE)
            passed = np.flatnonzero(feasibility(self.environment, [state], tried[None])[0])
            passed = passed[: count - have]
            found.append(tried[passed])
            have += len(passed)
            done = have == count
            # Those after the last that was wanted would not have been asked.
            self.checks += int(passed[-1]) + 1 if done else _AT_ONCE
            if done:
                break
        else:
            found.append(space.sample(rng, count - have))  # next to nothing is feasible
        self.samples += count
        return np.concatenate(found)
