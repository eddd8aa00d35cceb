"""Samples that the critic believes in: drawn until there are enough for each state."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.sampler import SavedModel, batch_of
from fag_tf.errors import InputError
from fag_tf.latents import LatentStream
from fag_tf.spaces import Observation

__all__ = ["FeasibleSamples", "draw_feasible", "usual_tries"]

TRIES_PER_SAMPLE = 64
LEAST_TRIES = 4096
_MOST_A_ROUND = 4096


@dataclass(frozen=True)
class FeasibleSamples:
    """What was found for one state.

    Attributes:
        action: `[K', A]` float32, in the order drawn; K' is less than asked for only if all
            allowed tries were used.
        feasibility: `[K']`, none below the threshold.
        tries: how many actions were drawn until the last one needed.
        best: greatest feasibility seen among them all.
    """

    action: NDArray[np.float32]
    feasibility: NDArray[np.float32]
    tries: int
    best: float


def usual_tries(count: int) -> int:
    """How many actions to draw at most in search of `count`: 64 for each, but 4,096 or more."""
    return max(TRIES_PER_SAMPLE * count, LEAST_TRIES)


def draw_feasible(
    sampler: SavedModel,
    observation: Observation,
    count: int,
    seed: int,
    min_feasibility: float = 0.5,
    max_tries: int | None = None,
) -> list[FeasibleSamples]:
    """Draw for each state until `count` actions reach a feasibility, or the tries are used up.

    The answer for a state is the first `count` that pass in the stream of the seed. So it depends
    on no other state, and a lower threshold or another bound of tries never changes the order.

    Args:
        sampler: a loaded model.
        observation: of B states, `[B, ...]`.
        count: K, how many are wanted for each.
        seed: of the noise; every state gets the same.
        min_feasibility: the least critic's probability to keep; 0 keeps all.
        max_tries: how many actions are drawn at most for a state, `usual_tries(count)` if not
            given.

    Raises:
        InputError: as `SavedModel.sample`; or the threshold is not in [0, 1].
    """
    if count < 1:
        raise InputError(f"{count} actions asked for; need 1 or more")
    if not 0.0 <= min_feasibility <= 1.0:
        raise InputError(f"least feasibility is {min_feasibility}; it must lie in [0, 1]")
    observation = sampler.check_observation(observation)
    limit = usual_tries(count) if max_tries is None else max_tries
    stream = LatentStream(seed, sampler.card.latent_dim)
    searches = [_Search(sampler.card.action_space.dim, count) for _ in range(batch_of(observation))]
    drawn = 0
    while drawn < limit:
        open_ones = [index for index, search in enumerate(searches) if search.missing]
        if not open_ones:
            break
        size = min(max(2 * count, 256), _MOST_A_ROUND, limit - drawn)
        latent = np.repeat(stream.draw(1, size), len(open_ones), axis=0)
        states = {name: array[open_ones] for name, array in observation.items()}
        for index, actions, feasibility in zip(
            open_ones, *sampler.run(states, latent), strict=True
        ):
            searches[index].add(actions, feasibility, min_feasibility)
        drawn += size
    return [search.found() for search in searches]


class _Search:
    """What has been found for one state so far."""

    def __init__(self, dim: int, count: int) -> None:
        self.missing = count
        self._actions = [np.empty((0, dim), np.float32)]
        self._feasibility = [np.empty(0, np.float32)]
        self._tries, self._best = 0, 0.0

    def add(
        self, actions: NDArray[np.float32], feasibility: NDArray[np.float32], least: float
    ) -> None:
        self._best = max(self._best, float(feasibility.max()))
        passed = np.flatnonzero(feasibility >= least)[: self.missing]
        self._actions.append(actions[passed])
        self._feasibility.append(feasibility[passed])
        self.missing -= len(passed)
        self._tries += len(actions) if self.missing else int(passed[-1]) + 1

    def found(self) -> FeasibleSamples:
        return FeasibleSamples(
            np.concatenate(self._actions),
            np.concatenate(self._feasibility),
            self._tries,
            self._best,
        )
