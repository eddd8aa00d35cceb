"""Samplers that need no learning and say what a figure's good and bad ends look like.

A sampler is asked with observations alone, but perfect samples need the state. So the environment
is wrapped in one that remembers which states it was last asked to observe.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.base import Environment, SampleFn, WrappedEnvironment
from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.sampled_truth import SampledTruth
from fag_tf.environments.validation import feasibility, truth_of
from fag_tf.errors import InputError
from fag_tf.spaces import Observation, State

__all__ = ["CONTROLS", "RememberingEnvironment", "make_control"]

CONTROLS = ("perfect", "one mode removed", "collapsed", "uniform")
"""Names of the controls.

`perfect` draws from the truth; `one mode removed` as well, but never from the smallest mode (where
there is but one, never from the half of it nearest to one of its ends); `collapsed` gives the same
feasible action again and again; `uniform` draws over the action space.
"""

Truth = GridTruth | SampledTruth
Draw = Callable[[np.random.Generator, Truth, int], NDArray[Any]]


class RememberingEnvironment(WrappedEnvironment):
    """Another environment that remembers the states it observed last; all else is that one's own.

    Args:
        inner: the environment.

    Attributes:
        observed: those states.
    """

    def __init__(self, inner: Environment) -> None:
        super().__init__(inner)
        self.observed: list[State] = []

    def observe(self, states: Sequence[State]) -> Observation:
        """What is seen of the states, which are remembered."""
        self.observed = list(states)
        return self._inner.observe(states)


def make_control(name: str, environment: RememberingEnvironment) -> SampleFn:
    """A control that answers for the states that the environment observed last.

    Raises:
        InputError: there is no such control, or the environment cannot list its truth.
    """
    if name == "uniform":
        return _uniform(environment)
    draws: dict[str, Draw] = {
        "perfect": _perfect,
        "one mode removed": _without_a_mode,
        "collapsed": _collapsed,
    }
    if name not in draws:
        raise InputError(f"no control is called {name!r}; there are {', '.join(CONTROLS)}")
    if not environment.offers("evaluation_states", "truth"):
        raise InputError(
            f"environment {environment.name!r} has no `truth`, which the controls of a study need"
        )
    return _from_truth(environment, draws[name])


def _uniform(environment: RememberingEnvironment) -> SampleFn:
    def sample(observation: Observation, num_samples: int, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        shape = (len(environment.observed), num_samples)
        return environment.action_space.sample(rng, shape), None

    return sample


def _from_truth(environment: RememberingEnvironment, draw: Draw) -> SampleFn:
    def one(rng: np.random.Generator, state: State, count: int) -> NDArray[Any]:
        truth = truth_of(environment, state)
        if truth.is_empty:
            return environment.action_space.sample(rng, count)
        # A cell is judged at its centre: near its edge an action may fail.
        drawn = draw(rng, truth, 4 * count).astype(np.float32)
        exact = drawn[feasibility(environment, [state], drawn[None])[0]]
        return exact[np.arange(count) % len(exact)] if len(exact) else drawn[:count]

    def sample(observation: Observation, num_samples: int, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        return np.stack([one(rng, state, num_samples) for state in environment.observed]), None

    return sample


def _perfect(rng: np.random.Generator, truth: Truth, count: int) -> NDArray[Any]:
    return truth.sample(rng, count)


def _without_a_mode(rng: np.random.Generator, truth: Truth, count: int) -> NDArray[Any]:
    if isinstance(truth, SampledTruth):
        drawn = truth.sample(rng, 4 * count)
        if truth.num_modes > 1:
            keep = truth.mode_of(drawn) != np.argmin(truth.mode_shares)
        else:
            keep = drawn[:, 0] >= np.median(drawn[:, 0])
        return drawn[keep]
    if truth.num_modes > 1:
        keep = truth.modes != truth.num_modes - 1
    else:
        first = truth.cells[:, 0]
        keep = first >= np.median(first)
    return truth.restrict(keep).sample(rng, count)


def _collapsed(rng: np.random.Generator, truth: Truth, count: int) -> NDArray[Any]:
    if isinstance(truth, SampledTruth):
        return np.repeat(truth.sample(rng, 1), count, axis=0)
    return np.repeat(truth.centres[rng.integers(truth.num_cells)][None], count, axis=0)
