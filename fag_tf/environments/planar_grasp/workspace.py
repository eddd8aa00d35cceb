"""The axes of a grasp."""

import numpy as np

from fag_tf.environments.planar_grasp.feasibility.rules import TABLE_SIDE
from fag_tf.spaces import ActionSpace, Axis

__all__ = ["ACTION_SPACE"]

ACTION_SPACE = ActionSpace(
    [
        Axis("x", -TABLE_SIDE / 2, TABLE_SIDE / 2, "m"),
        Axis("y", -TABLE_SIDE / 2, TABLE_SIDE / 2, "m"),
        Axis("theta", 0.0, np.pi, "rad", periodic=True),
    ]
)
"""A grasp: the midpoint between the pads and the closing direction, in the table's frame."""
