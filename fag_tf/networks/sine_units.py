"""Sines of an action's bounded axes, for what turns with them.

The tip of an arm moves on circles: its place is a sum of products of sines of the joints' angles,
which a perceptron learns slowly from the angles alone. A unit here is a sine of a learnt sum of the
bounded axes times a learnt sum of all that is seen, as in multiplicative filter networks (Fathony
et al. 2021). Periodic axes are already seen as points on circles, so the products of a unit have
the sines of their sums with the other axes too.
"""

import keras
import numpy as np
import tensorflow as tf

__all__ = ["SineUnits"]

_UNITS = 32
# Radians per half-range. A joint that turns by a quarter of a circle each way has 1.6.
_FREQUENCY = 1.5


class SineUnits(keras.layers.Layer):
    """Numbers that a critic sees of actions beside their coordinates.

    Args:
        num_bounded: number of bounded axes.
        seed: seed of the initial weights.
    """

    def __init__(self, num_bounded: int, seed: int) -> None:
        super().__init__(name="sines")
        self._num_bounded = num_bounded
        self.built = True
        self.phase = keras.layers.Dense(
            _UNITS,
            kernel_initializer=keras.initializers.RandomNormal(0.0, _FREQUENCY, seed),
            bias_initializer=keras.initializers.RandomUniform(-np.pi, np.pi, seed + 1),
        )
        start = keras.initializers.HeNormal(seed + 2)
        self.factor = keras.layers.Dense(_UNITS, kernel_initializer=start)

    def call(self, seen: tf.Tensor) -> tf.Tensor:
        """What is seen and, if an axis is bounded, the units beside it.

        Args:
            seen: coordinates of the actions, `[B, E, C]`, of bounded axes first, in half-ranges;
                see `ProductKernel.embed`.
        """
        if not self._num_bounded:
            return seen
        units = tf.sin(self.phase(seen[..., : self._num_bounded])) * self.factor(seen)
        return tf.concat([seen, units], axis=-1)
