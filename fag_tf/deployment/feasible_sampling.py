"""Samples that the critic finds feasible, drawn until each state has enough of them."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.sampler import SavedModel, batch_of
from fag_tf.deployment.samples import Samples
from fag_tf.errors import InputError
from fag_tf.latents import LatentStream
from fag_tf.spaces import Observation

if TYPE_CHECKING:
    from fag_tf.deployment.viewed_model import ViewedModel

__all__ = ["FeasibleSamples", "draw_feasible", "usual_tries"]

TRIES_PER_SAMPLE = 64
LEAST_TRIES = 4096
_MOST_A_ROUND = 4096


@dataclass(frozen=True)
class FeasibleSamples:
    """The samples found for one state.

    Attributes:
        action: actions `[K', A]` float32 in the order drawn. K' is smaller than the K requested
            only if all allowed tries were used.
        feasibility: critic's probabilities `[K']`, none below the threshold.
        tries: number of actions drawn until the last sample that was needed.
        best: greatest feasibility among all actions drawn.
        log_density: log of the density with which the model draws each action, before the
            threshold, `[K']` float32; None for a model that does not give it. See
            `SavedModel.draw`.
    """

    action: NDArray[np.float32]
    feasibility: NDArray[np.float32]
    tries: int
    best: float
    log_density: NDArray[np.float32] | None = None


def usual_tries(count: int) -> int:
    """Greatest number of actions drawn to find `count`: 64 for each, but at least 4,096."""
    return max(TRIES_PER_SAMPLE * count, LEAST_TRIES)


def draw_feasible(
    sampler: "SavedModel | ViewedModel",
    observation: Observation,
    count: int,
    seed: int,
    min_feasibility: float = 0.5,
    max_tries: int | None = None,
    accept: Callable[[int, NDArray[np.float32]], NDArray[np.bool_]] | None = None,
) -> list[FeasibleSamples]:
    """Draw until `count` actions of each state reach a feasibility, or the tries are used up.

    The result for a state is the first `count` actions of the seed's random stream that reach the
    threshold. It does not depend on other states. The threshold and the bound on tries do not
    change the order of the actions.

    Args:
        sampler: a loaded model.
        observation: observations of B states, `[B, ...]`.
        count: number of actions K wanted for each state.
        seed: seed of the noise; every state gets the same noise.
        min_feasibility: least probability of the critic to keep an action; 0 keeps all actions.
        max_tries: greatest number of actions drawn for a state; the default is
            `usual_tries(count)`.
        accept: a further test of actions. It takes the index of a state and those of its actions
            `[n, A]` that reach the threshold, and says which of them to keep, `[n]`. The default
            keeps all.

    Raises:
        InputError: `SavedModel.sample` fails, or the threshold is not in [0, 1].
    """
    if count < 1:
        raise InputError(f"{count} actions asked for; need 1 or more")
    if not 0.0 <= min_feasibility <= 1.0:
        raise InputError(f"least feasibility is {min_feasibility}; it must lie in [0, 1]")
    observation = sampler.check_observation(observation)
    limit = usual_tries(count) if max_tries is None else max_tries
    stream = LatentStream(seed, sampler.card.latent_dim)
    outputs = {name: sampler.card.outputs[name].shape[2:] for name in sampler.card.sample_outputs}
    none = Samples.from_outputs(
        {name: np.empty((0, *shape), np.float32) for name, shape in outputs.items()}
    )
    searches = [_Search(none, count) for _ in range(batch_of(observation))]
    drawn = 0
    while drawn < limit:
        open_ones = [index for index, search in enumerate(searches) if search.missing]
        if not open_ones:
            break
        size = min(max(2 * count, 256), _MOST_A_ROUND, limit - drawn)
        latent = np.repeat(stream.draw(1, size), len(open_ones), axis=0)
        states = {name: array[open_ones] for name, array in observation.items()}
        samples = sampler.run(states, latent)
        for row, index in enumerate(open_ones):
            drawn_here = samples.each(itemgetter(row))
            passed = np.flatnonzero(drawn_here.feasibility >= min_feasibility)
            if accept is not None:
                passed = passed[accept(index, drawn_here.action[passed])]
            searches[index].add(drawn_here, passed)
        drawn += size
    return [search.found() for search in searches]


class _Search:
    """The samples found for one state so far."""

    def __init__(self, none: Samples, count: int) -> None:
        self.missing = count
        self._parts = [none]
        self._tries, self._best = 0, 0.0

    def add(self, drawn: Samples, passed: NDArray[np.intp]) -> None:
        """Keep the first of the samples `[N]` that passed, by their indices, as many as missing."""
        self._best = max(self._best, float(drawn.feasibility.max()))
        passed = passed[: self.missing]
        self._parts.append(drawn.each(lambda array: array[passed]))
        self.missing -= len(passed)
        self._tries += len(drawn.action) if self.missing else int(passed[-1]) + 1

    def found(self) -> FeasibleSamples:
        kept = Samples.joined(self._parts, axis=0)
        return FeasibleSamples(
            kept.action, kept.feasibility, self._tries, self._best, kept.log_density
        )
