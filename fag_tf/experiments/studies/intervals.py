"""Mean and confidence interval of the values of a few seeds."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

__all__ = ["CONFIDENCE", "Interval", "csv_of", "mean_interval"]

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

    def plain(self) -> dict[str, float | int | None]:
        """The attributes by name, with None for NaN, as JSON needs it."""
        values = self._asdict()
        return {name: None if math.isnan(value) else value for name, value in values.items()}


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


def csv_of(
    groups: tuple[str, str], cells: Mapping[str, Mapping[str, Mapping[str, Interval]]]
) -> str:
    """CSV with a line for each interval.

    Args:
        groups: headings of the first two columns.
        cells: interval by the entries of these columns and by the name of its figure.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*groups, "figure", "mean", "low", "high", "seeds"])
    for first, rows in cells.items():
        for second, figures in rows.items():
            for name, interval in figures.items():
                numbers = (interval.mean, interval.low, interval.high)
                shown = ["" if math.isnan(value) else f"{value:.6g}" for value in numbers]
                writer.writerow([first, second, name, *shown, interval.number])
    return text.getvalue()
