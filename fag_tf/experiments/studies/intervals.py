"""Mean and confidence interval of the values of a few seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

__all__ = ["CONFIDENCE", "Interval", "mean_interval"]

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean with its confidence interval.

    Attributes:
        mean: mean of the defined values; NaN if no value is defined.
        low: lower end; NaN for fewer than two values.
        high: upper end; NaN for fewer than two values.
        number: number of defined values.
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

    It assumes that the values of the seeds are independent and about normal. It may exceed the
    range of a share.
    """
    defined = np.array([value for value in values if not np.isnan(value)])
    if not len(defined):
        return Interval(np.nan, np.nan, np.nan, 0)
    mean = float(defined.mean())
    if len(defined) < 2:
        return Interval(mean, np.nan, np.nan, 1)
    half = float(stats.sem(defined) * stats.t.ppf(0.5 + 0.5 * CONFIDENCE, len(defined) - 1))
    return Interval(mean, mean - half, mean + half, len(defined))
