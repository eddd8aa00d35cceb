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

__all__ = ["DRAWS", "RejectionTruth", "draw_by_rejection"]

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
    space: ActionSpace,
    feasible: Callable[[Array], NDArray[np.bool_]],
    count: int,
    seed: int = 0,
    most_tries: int = MOST_TRIES,
) -> tuple[Array, int]:
    """Draw uniform actions and keep the feasible ones, until there are enough.

    Args:
        space: what is drawn from. Values are those of single precision.
        feasible: labels `[n]` of actions `[n, A]`.
        count: how many feasible actions are wanted.
        seed: of the draws.
        most_tries: bound of the actions that are tried, rounded up to whole blocks.

    Returns:
        Feasible actions `[n, A]`, uniform over the feasible set, and how many were tried. There
        are fewer than `count` of them if the bound is reached.
    """
    rng = np.random.default_rng(seed)
    found = [np.empty((0, space.dim))]
    tried = 0
    while sum(map(len, found)) < count and tried < most_tries:
        actions = space.sample(rng, AT_ONCE).astype(np.float64)
        found.append(actions[feasible(actions)])
        tried += AT_ONCE
    return np.concatenate(found)[:count], tried


@dataclass(frozen=True, eq=False)
class RejectionTruth:
    """A feasible set that is known by its labels; its modes are unknown.

    Up to 4,096 actions are drawn by rejection when they are first needed, with at most `most_tries`
    labels. If fewer than 64 of these are feasible, the truth is empty.

    Attributes:
        space: axes of an action.
        feasible: function of actions `[n, A]` that returns their labels `[n]`.
        most_tries: greatest number of labels that are asked for.
    """

    space: ActionSpace
    feasible: Callable[[Array], NDArray[np.bool_]]
    most_tries: int = MOST_TRIES

    @cached_property
    def _drawn(self) -> tuple[Array, int]:
        return draw_by_rejection(self.space, self.feasible, DRAWS, most_tries=self.most_tries)

    @property
    def is_empty(self) -> bool:
        """Whether too little is feasible to measure samples against."""
        return len(self._drawn[0]) < LEAST_DRAWS

    @property
    def num_modes(self) -> int:
        """0: modes are not known."""
        return 0

    @property
    def feasible_share(self) -> float:
        """Share of the action space that is feasible, estimated from what was tried."""
        draws, tried = self._drawn
        return len(draws) / tried

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Actions uniform over the feasible set, `[n, A]`; different ones if n is at most 4,096.

        Raises:
            InputError: the feasible set is too small to be drawn from by rejection.
        """
        draws, tried = self._drawn
        if self.is_empty:
            raise InputError(
                f"{len(draws)} of {tried} uniform actions are feasible, too few to draw from the "
                f"feasible set by rejection; it needs {LEAST_DRAWS}"
            )
        return draws[rng.choice(len(draws), n, replace=n > len(draws))]

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

        There are 1,024 reference draws. Near is what is nearer than the 90th percentile of their
        distances to the nearest of 1,024 other draws. Axes are scaled by the standard deviation of
        the draws.
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
