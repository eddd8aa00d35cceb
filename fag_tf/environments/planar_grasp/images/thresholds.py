"""The threshold between two groups of values (Otsu)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["otsu"]


def otsu(values: NDArray[np.floating]) -> float:
    """The threshold that divides values of 0 or more into two groups of least variance."""
    counts, edges = np.histogram(values, 256, (0.0, float(values.max())))
    below = np.cumsum(counts)[:-1]
    above = below[-1] + counts[-1] - below
    sums = np.cumsum(counts * edges[1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
        between = np.nan_to_num(below * above * apart**2)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))
    return float(edges[1 + best].mean())  # the middle of a gap, if there is one
