"""Means of a training's figures since the last report, which a checkpoint keeps in plain values."""

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["ReportWindow"]

State = dict[str, list[float]]


class ReportWindow:
    """Means of the figures since the last report; tensors are read only then.

    A run that goes on from a checkpoint between two reports gives the report of one that was never
    stopped, but for the steps per second, which are those of this process.
    """

    def __init__(self) -> None:
        self._figures: dict[str, list[Any]] = {}
        self.start_clock()

    def start_clock(self) -> None:
        """Steps per second count from here."""
        self._since = time.monotonic()
        self._steps = 0

    def add(self, figures: Mapping[str, Any]) -> None:
        """Figures of a learning step, or of a round of collection."""
        for name, value in figures.items():
            self._figures.setdefault(name, []).append(value)
        self._steps += "critic_loss" in figures

    def take(self) -> dict[str, float]:
        """The means, and a new beginning."""
        means = {name: _mean_of_finite(values) for name, values in self._figures.items()}
        means["steps_per_second"] = self._steps / max(time.monotonic() - self._since, 1e-9)
        self._figures = {}
        self.start_clock()
        return means

    def state(self) -> State:
        """What was added since the last report, as JSON can hold it."""
        return {name: [float(value) for value in values] for name, values in self._figures.items()}

    def restore(self, state: State) -> None:
        """Inverse of `state`.

        Raises:
            ValueError: it is not what `state` gives.
        """
        if not isinstance(state, dict):
            raise ValueError(f"the figures since the last report are {state!r}, no object")
        restored: dict[str, list[Any]] = {}
        for name, values in state.items():
            if not isinstance(values, list) or not all(type(value) is float for value in values):
                raise ValueError(f"the figures of {name} are {values!r}, no list of numbers")
            restored[name] = list(values)
        self._figures = restored


def _mean_of_finite(values: list[Any]) -> float:
    """Their mean without those of steps that failed; NaN if all did."""
    numbers = np.array([float(value) for value in values])
    finite = np.isfinite(numbers)
    return float(numbers[finite].mean()) if finite.any() else math.nan
