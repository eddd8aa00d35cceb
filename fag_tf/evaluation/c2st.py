"""Classifier two-sample test: can a classifier tell samples from uniform draws of the feasible set?

It is the test of the sbi benchmark (Lueckmann et al. 2021): the accuracy of a multilayer perceptron
under five-fold cross-validation. 0.5 means that samples and draws cannot be told apart, 1 that they
have nothing in common. Unlike neighbourhoods, it does not degenerate in many dimensions.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.base import Environment
from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.rejection_truth import RejectionTruth
from fag_tf.environments.sampled_truth import SampledTruth
from fag_tf.environments.validation import feasibility
from fag_tf.spaces import ActionSpace, State

__all__ = ["C2ST", "LEAST_POINTS", "MOST_POINTS", "c2st", "uniform_feasible"]

MOST_POINTS = 1024
"""Greatest number of samples, and of draws, that are compared."""

LEAST_POINTS = 25
"""With fewer samples than these, five for each fold, the accuracy would be chance."""

_FOLDS = 5
_ROUNDS = 64


def c2st(samples: NDArray[Any], draws: NDArray[Any], seed: int = 0) -> float:
    """Accuracy of telling points from others, in [0, 1]; NaN for fewer than 25 of either.

    Of both as many are taken as there are of the fewer, at most 1,024, the first ones. They are
    standardised by mean and standard deviation of the draws. The classifier has two hidden layers
    of 10 D units and learns for up to 1,000 iterations, five times, some seconds in all.

    Args:
        samples: points `[n, D]`.
        draws: points to tell them from, `[m, D]`.
        seed: of the folds and of the classifier's weights.
    """
    count = min(len(samples), len(draws), MOST_POINTS)
    if count < LEAST_POINTS:
        return np.nan
    # Takes a second; only an evaluation needs it.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import KFold, cross_val_score
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    points = np.concatenate([samples[:count], draws[:count]]).astype(np.float64)
    spread = np.std(points[count:], axis=0)
    points = (points - np.mean(points[count:], axis=0)) / np.where(spread > 0.0, spread, 1.0)
    width = 10 * points.shape[1]
    classifier = MLPClassifier((width, width), activation="relu", max_iter=1000, random_state=seed)
    folds = KFold(_FOLDS, shuffle=True, random_state=seed)
    # Its products of matrices are so small that more threads only wait for one another: on a busy
    # machine two of them took thirty times as long as one.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(
            np.mean(
                cross_val_score(
                    classifier, points.astype(np.float32), np.repeat([0, 1], count), cv=folds
                )
            )
        )


def uniform_feasible(
    environment: Environment,
    state: State,
    truth: GridTruth | SampledTruth | RejectionTruth,
    rng: np.random.Generator,
    count: int = MOST_POINTS,
) -> NDArray[np.float64]:
    """Feasible actions of a state, uniform over its feasible set, `[n, A]` with n up to `count`.

    A grid's cells are feasible at their centres only. So actions are drawn from these cells and all
    that touch them, and those that the environment calls feasible are kept. What is feasible
    farther away from any such centre is missed. n is 0 for an empty truth.
    """
    if truth.is_empty:
        return np.empty((0, environment.action_space.dim))
    if isinstance(truth, RejectionTruth):
        return truth.sample_distinct(rng, count)
    if isinstance(truth, SampledTruth):
        return truth.sample(rng, count)
    wider = truth.dilated()
    found: list[NDArray[np.float64]] = []
    for _ in range(_ROUNDS):
        drawn = wider.sample(rng, count)
        found.append(drawn[feasibility(environment, [state], drawn[None])[0]])
        if sum(map(len, found)) >= count:
            break
    return np.concatenate(found)[:count]


class C2ST:
    """The test of different samples against draws from the feasible set of one state.

    Args:
        space: axes of an action. A periodic one is compared as a circle.
        draws: uniform feasible actions `[m, A]`.
    """

    def __init__(self, space: ActionSpace, draws: NDArray[Any]) -> None:
        self._space = space
        self._draws = space.embed(draws)
        self._found: dict[bytes, float] = {}

    def __call__(self, samples: NDArray[Any]) -> float:
        """Accuracy for the first 1,024 of feasible samples `[n, A]`; the same ones cost nothing."""
        first = np.ascontiguousarray(samples[:MOST_POINTS])
        key = first.tobytes()
        if key not in self._found:
            self._found[key] = c2st(self._space.embed(first), self._draws)
        return self._found[key]
