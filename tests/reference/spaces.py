"""Action spaces that tests of densities share: each kind of axis, alone and together."""

import numpy as np

from fag_tf.spaces import ActionSpace, Axis

LINE = ActionSpace([Axis("a", -2.0, 6.0, "m")])
CIRCLE = ActionSpace([Axis("turn", 0.0, float(np.pi), "rad", periodic=True)])
GRASPS = ActionSpace(
    [
        Axis("x", -0.15, 0.15, "m"),
        Axis("y", -0.10, 0.20, "m"),
        Axis("theta", 0.0, float(np.pi), "rad", periodic=True),
    ]
)
# Axes of different lengths and the periodic ones not last: no order may be taken for granted.
MIXED = ActionSpace(
    [
        Axis("hour", 0.0, 24.0, "s", periodic=True),
        Axis("a", -1.0, 1.0),
        Axis("heading", -np.pi, np.pi, "rad", periodic=True),
        Axis("b", 10.0, 14.0),
    ]
)
SPACES = {"line": LINE, "circle": CIRCLE, "grasps": GRASPS, "mixed": MIXED}
