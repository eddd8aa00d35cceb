"""A running average of a network's weights, kept in a second network of the same shape."""

from typing import Any

import tensorflow as tf

__all__ = ["RunningAverage"]

_SETTLED = 1e4  # steps, when the short beginning is long over


class RunningAverage:
    """The exponential average of a network's weights; steadier than what an optimiser leaves.

    Source: Polyak averaging (Polyak and Juditsky 1992), with the decay of a mean teacher
    (Tarvainen and Valpola 2017).

    Args:
        online: the network that learns.
        averaged: another of the same shape, whose weights become the average.
        decay: share of the average that a step keeps; 0 for no averaging.
    """

    def __init__(self, online: Any, averaged: Any, decay: float) -> None:
        self._pairs = list(
            zip(averaged.trainable_variables, online.trainable_variables, strict=True)
        )
        self._decay = decay
        self.steps = tf.Variable(0.0, trainable=False, name="steps")
        self._take_over()

    def _take_over(self) -> None:
        for average, variable in self._pairs:
            average.assign(variable)

    def settle(self) -> None:
        """Begin anew from weights that are already good and need not be forgotten soon."""
        self._take_over()
        self.steps.assign(_SETTLED)

    def update(self) -> None:
        """Take in the network's present weights."""
        self.steps.assign_add(1.0)
        # Short at first, so that the random start is soon forgotten.
        decay = tf.minimum(self._decay, self.steps / (self.steps + 10.0))
        for average, variable in self._pairs:
            average.assign(decay * average + (1.0 - decay) * variable)
