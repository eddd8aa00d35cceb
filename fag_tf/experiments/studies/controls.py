"""Control samplers without learning, which show the good and the bad values of each figure.

A sampler gets only observations, but perfect samples need the state. The environment is therefore
wrapped in an environment that remembers the states it observed last.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.base import Environment, SampleFn, WrappedEnvironment
from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.rejection_truth import RejectionTruth
from fag_tf.environments.sampled_truth import SampledTruth
from fag_tf.environments.validation import feasibility, truth_of
from fag_tf.errors import InputError
from fag_tf.spaces import Observation, State

__all__ = ["CONTROLS", "RememberingEnvironment", "make_control"]

CONTROLS = ("perfect", "one mode removed", "collapsed", "uniform")
"""Names of the controls.

`perfect` draws from the truth. `one mode removed` draws from the truth without the smallest mode.
If there is one mode only, it draws from the half of that mode on one side. `collapsed` repeats one
feasible action. `uniform` draws uniformly over the action space.
"""

Truth = GridTruth | SampledTruth | RejectionTruth
Draw = Callable[[np.random.Generator, Truth, int], NDArray[Any]]


class RememberingEnvironment(WrappedEnvironment):
    """A wrapper that remembers the last observed states of another environment.

    All other behaviour is that of the inner environment.

    Args:
        inner: the environment.

    Attributes:
        observed: the last observed states.
    """

    def __init__(self, inner: Environment) -> None:
        super().__init__(inner)
        self.observed: list[State] = []

    def observe(self, states: Sequence[State]) -> Observation:
        """Observations `[B, ...]` of the states, which are remembered."""
        self.observed = list(states)
        return self._inner.observe(states)


def make_control(name: str, environment: RememberingEnvironment) -> SampleFn:
    """Make a control that samples for the last states that the environment observed.

    Raises:
        InputError: there is no such control, or the environment cannot give its truth.
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
        # A cell is labelled at its centre, so actions near its edge may be infeasible.
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
    if not isinstance(truth, GridTruth):
        drawn = truth.sample(rng, 4 * count)
        if isinstance(truth, SampledTruth) and truth.num_modes > 1:
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
    if not isinstance(truth, GridTruth):
        return np.repeat(truth.sample(rng, 1), count, axis=0)
    return np.repeat(truth.centres[rng.integers(truth.num_cells)][None], count, axis=0)
