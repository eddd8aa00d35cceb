"""The feasible set of a state as uniform draws by rejection, for sets known by their labels alone.

Nothing is asked of the set but a function that tells which actions belong to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace

__all__ = ["RejectionTruth", "draw_by_rejection"]

AT_ONCE = 8192
MOST_TRIES = 1 << 22
DRAWS = 4096
REFERENCES = 1024
LEAST_DRAWS = 64
"""With fewer draws than these the truth counts as empty: nothing can be measured against them."""
REACHED = 0.9
"""Share of reference draws that as many other draws cover, by definition of the distance."""

Array = NDArray[np.float64]


def draw_by_rejection(
    rng: np.random.Generator,
    space: ActionSpace,
    feasible: Callable[[Array], NDArray[np.bool_]],
    count: int,
    most_tries: int = MOST_TRIES,
) -> tuple[Array, int]:
    """Draw uniform actions and keep the feasible ones, until there are enough.

    Args:
        rng: draws the actions.
        space: what is drawn from. Values are those of single precision.
        feasible: labels `[n]` of actions `[n, A]`.
        count: how many feasible actions are wanted.
        most_tries: bound of the actions that are tried, rounded up to whole blocks.

    Returns:
        Feasible actions `[n, A]`, uniform over the feasible set, and how many were tried. There
        are fewer than `count` of them if the bound is reached.
    """
    found = [np.empty((0, space.dim))]
    tried = 0
    while sum(map(len, found)) < count and tried < most_tries:
        actions = space.sample(rng, AT_ONCE).astype(np.float64)
        found.append(actions[feasible(actions)])
        tried += AT_ONCE
    return np.concatenate(found)[:count], tried


@dataclass(frozen=True, eq=False)
class RejectionTruth:
    """A feasible set of which only the labels are known; its modes are unknown.

    Up to 4,096 feasible actions are drawn by rejection when they are first needed. If fewer than 64
    are found, the truth is empty.

    Attributes:
        space: axes of an action.
        feasible: function of actions `[n, A]` that returns their labels `[n]`.
        most_tries: greatest number of labels that are computed, rounded up to whole blocks. If
            too few feasible actions are found among them, only the feasible rate is measured.
    """

    space: ActionSpace
    feasible: Callable[[Array], NDArray[np.bool_]]
    most_tries: int = MOST_TRIES

    @cached_property
    def _drawn(self) -> tuple[Array, int]:
        # Of a seed that no caller has: `sample` must give other actions.
        return self._draw(np.random.default_rng([DRAWS, REFERENCES, LEAST_DRAWS]), DRAWS)

    def _draw(self, rng: np.random.Generator, count: int) -> tuple[Array, int]:
        return draw_by_rejection(rng, self.space, self.feasible, count, self.most_tries)

    @property
    def is_empty(self) -> bool:
        """Whether too few feasible actions were found to measure samples against."""
        return len(self._drawn[0]) < LEAST_DRAWS

    @property
    def num_modes(self) -> int:
        """0, because the modes are unknown."""
        return 0

    @property
    def feasible_share(self) -> float:
        """Share of the action space that is feasible, estimated from the tried actions."""
        draws, tried = self._drawn
        return len(draws) / tried

    def sample_distinct(self, rng: np.random.Generator, n: int) -> Array:
        """Up to n new actions uniform over the feasible set, `[m, A]`, each drawn by itself.

        They are not those that coverage is measured against. m is less than n if `most_tries` are
        not enough.

        Raises:
            InputError: the feasible set is too small to be drawn from by rejection.
        """
        if self.is_empty:
            draws, tried = self._drawn
            raise InputError(
                f"{len(draws)} of {tried} uniform actions are feasible, too few to draw from the "
                f"feasible set by rejection; it needs {LEAST_DRAWS}"
            )
        return self._draw(rng, n)[0]

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Actions uniform over the feasible set, `[n, A]`.

        If `most_tries` are not enough, found actions are repeated, and those of coverage are among
        them.

        Raises:
            InputError: the feasible set is too small to be drawn from by rejection.
        """
        drawn = self.sample_distinct(rng, n)
        if len(drawn) < n:
            drawn = np.concatenate([drawn, self._drawn[0]])
            drawn = drawn[np.arange(n) % len(drawn)]
        return drawn

    @cached_property
    def _references(self) -> tuple[Array, Array, Array, float]:
        """Scales of the axes, scaled reference draws, other scaled draws, and the reach."""
        points = self.space.embed(self._drawn[0])
        count = min(REFERENCES, len(points) // 2)
        scale = np.std(points, axis=0)
        scale = np.where(scale > 0.0, scale, 1.0)
        references, others = points[:count] / scale, points[count:] / scale
        nearest, _ = cKDTree(others[:count]).query(references)
        return scale, references, others, float(np.quantile(nearest, REACHED))

    def covered_share(self, actions: Array) -> float:
        """Share of reference draws that have one of the feasible actions `[n, A]` near.

        There are 1,024 reference draws. An action is near if its distance is below the 90th
        percentile of the distances of these draws to the nearest of 1,024 other draws. Axes are
        scaled by the standard deviation of the draws.
        """
        if not len(actions):
            return 0.0
        scale, *_ = self._references
        return self._share_near(self.space.embed(actions) / scale)

    def _share_near(self, scaled: Array) -> float:
        _, references, _, reach = self._references
        nearest, _ = cKDTree(scaled).query(references)
        return float(np.mean(nearest <= reach))

    def perfect_share(self, n: int) -> float:
        """`covered_share` of n perfect samples, at most 3,072: 0.9 by definition for 1,024."""
        _, references, others, _ = self._references
        # The quantile of a finite number of distances is 0.9 only to rounding.
        whole = self._share_near(others[: len(references)])
        return REACHED * self._share_near(others[:n]) / whole
