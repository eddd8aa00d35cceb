"""Numbers that change during training, such as bandwidths, weights and learning rates."""

import math
from dataclasses import dataclass
from typing import Literal

from fag_tf.errors import InputError

__all__ = ["Schedule"]


@dataclass(frozen=True)
class Schedule:
    """A value that changes from `start` to `end` while training goes from `begin` to `finish`.

    Attributes:
        start: value before and at `begin`.
        end: value at and after `finish`.
        shape: form of the curve: `linear`, `geometric` (equal ratios in equal times) or `cosine`
            (flat at both ends).
        begin: share of training, in [0, 1], at which the change begins.
        finish: share of training, in [0, 1] and above `begin`, at which the change is complete.
    """

    start: float
    end: float
    shape: Literal["linear", "geometric", "cosine"] = "linear"
    begin: float = 0.0
    finish: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.begin < self.finish <= 1.0:
            raise InputError(
                f"a schedule runs from {self.begin} to {self.finish} of training; "
                "that must be within [0, 1] and forwards"
            )
        if not (math.isfinite(self.start) and math.isfinite(self.end)):
            raise InputError(
                f"a schedule from {self.start} to {self.end}: both ends must be finite"
            )
        if self.shape == "geometric" and not (self.start > 0.0 and self.end > 0.0):
            raise InputError(
                f"a geometric schedule from {self.start} to {self.end} is impossible; "
                "both ends must be above 0, or the shape linear"
            )

    def __call__(self, progress: float) -> float:
        """The value after the share `progress`, in [0, 1], of training."""
        share = min(max((progress - self.begin) / (self.finish - self.begin), 0.0), 1.0)
        if self.shape == "geometric":
            return self.start * math.pow(self.end / self.start, share)
        if self.shape == "cosine":
            share = 0.5 - 0.5 * math.cos(math.pi * share)
        return self.start + (self.end - self.start) * share
