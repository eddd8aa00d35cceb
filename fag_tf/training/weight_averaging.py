"""A running average of a network's weights, kept in a second network of equal shape."""

from typing import Any

import tensorflow as tf

__all__ = ["RunningAverage"]

_SETTLED = 1e4  # steps; so many that the decay is no longer reduced


class RunningAverage:
    """The exponential moving average of a network's weights, which vary less than the weights.

    Source: Polyak averaging (Polyak and Juditsky 1992), with the decay of a mean teacher
    (Tarvainen and Valpola 2017).

    Args:
        online: the network that learns.
        averaged: a network of equal shape, whose weights become the average.
        decay: factor of the old average in one update; 0 for no averaging.

    Attributes:
        steps: number of updates so far, scalar variable.
    """

    def __init__(self, online: Any, averaged: Any, decay: float) -> None:
        self._pairs = list(
            zip(averaged.trainable_variables, online.trainable_variables, strict=True)
        )
        self._constants = list(
            zip(averaged.non_trainable_variables, online.non_trainable_variables, strict=True)
        )
        self._decay = decay
        self.steps = tf.Variable(0.0, trainable=False, name="steps")
        self._take_over()

    def _take_over(self) -> None:
        for average, variable in self._pairs + self._constants:
            average.assign(variable)

    def settle(self) -> None:
        """Restart the average from trained weights, with the full decay from the first update."""
        self._take_over()
        self.steps.assign(_SETTLED)

    def update(self) -> None:
        """Add the current weights of the network to the average."""
        self.steps.assign_add(1.0)
        # The decay is smaller at first, so that the random initial weights are soon forgotten.
        decay = tf.minimum(self._decay, self.steps / (self.steps + 10.0))
        for average, variable in self._pairs:
            average.assign(decay * average + (1.0 - decay) * variable)
