"""Figures of a benchmark with their references and targets."""

import operator
from dataclasses import dataclass
from typing import Any, Literal

from fag_tf.errors import InputError
from fag_tf.experiments.benchmarks.timing import Timings, paired_ratio

__all__ = ["Figure", "NotMeasuredError", "Target", "rate_figure", "time_figure"]


class NotMeasuredError(InputError):
    """This benchmark cannot run on the model or machine; other benchmarks may."""


@dataclass(frozen=True)
class Target:
    """Target of a figure.

    Attributes:
        bound: number to reach.
        most: whether the bound is the greatest allowed number; otherwise it is the least.
        of: whether the bound applies to the ratio to the reference or to the value itself.
    """

    bound: float
    most: bool = True
    of: Literal["ratio", "value"] = "ratio"

    def met(self, value: float, ratio: float | None) -> bool | None:
        """Whether the target is reached; None if there is no number to compare."""
        number = ratio if self.of == "ratio" else value
        if number is None:
            return None
        return bool((operator.le if self.most else operator.ge)(number, self.bound))

    def text(self, unit: str) -> str:
        """Text such as `<= 1.3 x` for a ratio or `<= 3 ms` for a value."""
        what = " x" if self.of == "ratio" else f" {unit}".replace(" 1", "")
        return f"{'<=' if self.most else '>='} {self.bound:g}{what}"


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes:
        name: what was measured.
        value: median of the measurements.
        unit: unit of `value`, `spread` and `reference`; 1 for a plain number.
        spread: first and third quartile of repeated measurements, or None.
        against: description of the reference.
        reference: median of the reference.
        ratio: value / reference, the median over pairs measured one after the other.
        target: target of the figure.
    """

    name: str
    value: float
    unit: str
    spread: tuple[float, float] | None = None
    against: str = ""
    reference: float | None = None
    ratio: float | None = None
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target."""
        return None if self.target is None else self.target.met(self.value, self.ratio)

    def to_json(self) -> dict[str, Any]:
        """Plain values. `target` is text such as `<= 1.3 x`, where x stands for the ratio."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "reference": self.reference,
            "ratio": self.ratio,
            "target": None if self.target is None else self.target.text(self.unit),
            "met": self.met,
            "against": self.against or None,
            "spread": None if self.spread is None else list(self.spread),
        }


_SECOND_IN = {"s": 1.0, "ms": 1e3, "us": 1e6}


def time_figure(
    name: str,
    measured: Timings,
    unit: Literal["s", "ms", "us"] = "ms",
    against: str = "",
    reference: Timings | None = None,
    target: Target | None = None,
) -> Figure:
    """Make a figure of a time, with the time of its reference if there is one."""
    scale = _SECOND_IN[unit]
    spread = measured.spread
    return Figure(
        name=name,
        value=scale * measured.median,
        unit=unit,
        spread=None if spread is None else (scale * spread[0], scale * spread[1]),
        against=against,
        reference=None if reference is None else scale * reference.median,
        ratio=None if reference is None else paired_ratio(measured, reference),
        target=target,
    )


def rate_figure(
    name: str,
    amount: float,
    measured: Timings,
    unit: str,
    against: str = "",
    reference: tuple[float, Timings] | None = None,
    target: Target | None = None,
) -> Figure:
    """Make a figure of an amount of work a second.

    Args:
        name: name of the figure.
        amount: amount of work in each timed call.
        measured: times of the call.
        unit: unit of the rate, such as `1/s`.
        against: description of the reference.
        reference: amount of work and times of the reference.
        target: target of the figure.
    """
    spread = measured.spread
    ratio = None
    if reference is not None and reference[0] > 0.0:
        ratio = amount / reference[0] / paired_ratio(measured, reference[1])
    return Figure(
        name=name,
        value=amount / measured.median,
        unit=unit,
        spread=None if spread is None else (amount / spread[1], amount / spread[0]),
        against=against,
        reference=None if reference is None else reference[0] / reference[1].median,
        ratio=ratio,
        target=target,
    )
