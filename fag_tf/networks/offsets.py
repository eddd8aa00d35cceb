"""How far actions lie from what is observed, on each axis.

Where a thing stands in the coordinates of the action, what counts is often how far the action is
from it. A perceptron must find out first which of its inputs to subtract, and with sixteen axes it
does not find out. So the leading numbers of a thing are compared with the leading axes of the
action: the first number with the first axis, and so on.
"""

import numpy as np
import tensorflow as tf

from fag_tf.spaces import ActionSpace

__all__ = ["offsets"]

# Two actions are never further apart than this, in half-ranges. What is in other units stays small.
_FURTHEST = 2.0


def offsets(
    space: ActionSpace, actions: tf.Tensor, observed: tuple[tf.Tensor, ...]
) -> tf.Tensor | None:
    """Distances on the leading axes, `[B, E, K, D]`, in half-ranges and at most 2.

    Args:
        space: the action space.
        actions: actions `[B, E, A]`.
        observed: arrays of numbers of K things as they were observed, each `[B, K, r]`.

    Returns:
        The distances, min(A, r) for each array, side by side; None if there is no array. Around a
        periodic axis they are the shorter ones.
    """
    found = []
    for array in observed:
        count = min(space.dim, array.shape[-1])
        half_range = space.half_range[:count].astype(np.float32)
        apart = (actions[:, :, None, :count] - array[:, None, :, :count]) / half_range
        around = tf.math.floormod(apart + 1.0, 2.0) - 1.0
        apart = tf.abs(tf.where(space.periodic[:count], around, apart))
        found.append(tf.minimum(apart, _FURTHEST))
    return tf.concat(found, axis=-1) if found else None
