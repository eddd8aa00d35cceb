"""Uniform actions filtered by the exact check. Samples are exact but cost many checks."""

from typing import Any

import numpy as np

from fag_tf.environments.validation import feasibility
from fag_tf.spaces import ActionSpace, Observation, State

__all__ = ["ExactRejection"]

_AT_ONCE = 4096
_MOST_ROUNDS = 1000


class ExactRejection:
    """A sampler that checks uniform actions in the environment (rejection sampling).

    Args:
        environment: environment whose attribute `observed` holds the states observed last.

    Attributes:
        checks: number of feasibility checks so far.
        samples: number of samples given so far.
    """

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.checks = 0
        self.samples = 0

    def __call__(self, observation: Observation, num_samples: int, seed: int) -> tuple[Any, None]:
        """Feasible actions `[B, N, A]`, uniform over the feasible set of each state.

        After about four million checks in a state, unchecked uniform actions fill the rest.
        """
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
            # A sampler of single actions would stop after the last action that is needed.
            self.checks += int(passed[-1]) + 1 if done else _AT_ONCE
            if done:
                break
        else:
            found.append(space.sample(rng, count - have))  # almost nothing is feasible
        self.samples += count
        return np.concatenate(found)
