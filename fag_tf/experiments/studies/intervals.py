"""A mean and how well a few seeds determine it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

__all__ = ["CONFIDENCE", "Interval", "mean_interval"]

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean with its confidence interval.

    Attributes:
        mean: of the values that are defined; NaN if none is.
        low: lower end, NaN with fewer than two values.
        high: upper end, likewise.
        number: values that are defined.
    """

    mean: float
    low: float
    high: float
    number: int

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return 0.5 * (self.high - self.low)


def mean_interval(values: Sequence[float]) -> Interval:
    """Student's t interval of the mean at the level `CONFIDENCE`; NaNs are left out.

    It takes the seeds' values as independent and about normal, and may reach beyond the range that
    a share can have.
    """
    defined = np.array([value for value in values if not np.isnan(value)])
    if not len(defined):
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(defined.mean())
    if len(defined) < 2:
        return Interval(mean, np.nan, np.nan, 1)
    half = float(stats.sem(defined) * stats.t.ppf(0.5 + 0.5 * CONFIDENCE, len(defined) - 1))
    return Interval(mean, mean - half, mean + half, len(defined))
