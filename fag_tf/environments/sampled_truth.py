"""The feasible set of a state as draws from it, for action spaces with too many axes for a grid."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import distance

from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace

__all__ = ["SampledTruth"]

REFERENCES = 1024
NEIGHBOURS = 5

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SampledTruth:
    """A feasible set that can be sampled and whose modes can be identified.

    Attributes:
        space: axes of an action.
        draw: function of a generator and n that returns n actions uniform over the set, `[n, A]`.
        mode_of: function of feasible actions `[n, A]` that returns their modes `[n]`; 0 is the
            first mode, and -1 marks an action of no mode.
        mode_shares: share of the set in each mode, `[num_modes]`; an empty array for an empty set.
    """

    space: ActionSpace
    draw: Callable[[np.random.Generator, int], Array]
    mode_of: Callable[[Array], NDArray[np.int64]]
    mode_shares: Array

    @property
    def is_empty(self) -> bool:
        """Whether nothing is feasible."""
        return not len(self.mode_shares)

    @property
    def num_modes(self) -> int:
        """Number of modes."""
        return len(self.mode_shares)

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Actions uniform over the feasible set, `[n, A]`.

        Raises:
            InputError: nothing is feasible.
        """
        if self.is_empty:
            raise InputError("cannot sample a truth without feasible actions; check is_empty first")
        return self.draw(rng, n)

    def relative_shares(self, actions: Array) -> Array:
        """Share of feasible actions `[n, A]` in each mode over the mode's share of the set."""
        modes = self.mode_of(actions)
        counts = np.bincount(modes[modes >= 0], minlength=self.num_modes)
        shares: Array = counts / max(len(actions), 1) / self.mode_shares
        return shares

    @cached_property
    def _references(self) -> tuple[Array, Array]:
        """Embedded draws from the set, and the squared radius of the neighbourhood of each draw."""
        points = self.space.embed(self.sample(np.random.default_rng(0), REFERENCES))
        apart = distance.cdist(points, points, "sqeuclidean")
        # The first of the sorted distances is that of a point to itself.
        return points, np.partition(apart, NEIGHBOURS, axis=1)[:, NEIGHBOURS]

    def covered_share(self, actions: Array) -> float:
        """Share of the 1,024 reference draws with a given feasible action in their neighbourhood.

        The neighbourhood is the ball that reaches to the fifth nearest other draw. Distances are
        Euclidean in half-ranges; on a periodic axis they follow the chord. The actions have the
        shape `[n, A]`. Source: *coverage* of Naeem et al. 2020 (arXiv 2002.09797), which needs no
        grid.
        """
        if not len(actions):
            return 0.0
        points, reach = self._references
        nearest = distance.cdist(points, self.space.embed(actions), "sqeuclidean").min(axis=1)
        return float(np.mean(nearest <= reach))
