"""Transformations of part, jaw and grasp that do not change the feasibility of the grasp.

Feasibility does not change when part and jaw are moved, turned or mirrored together. It also does
not change when all lengths grow by one factor and the friction stays the same. Only the rule "in
reach" depends on the position. The picture of a transformed scene has other pixels, from which a
network can learn.
"""

import math

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.gripper import FIELDS, RANGES, UNITS, Gripper
from fag_tf.environments.planar_grasp.states import GraspState, draw_pose
from fag_tf.environments.planar_grasp.workspace import LONGEST_SIDE, longest_side

__all__ = ["symmetric_copy"]

_LENGTHS = tuple(name for name in FIELDS if UNITS[name] == "m")


def symmetric_copy(
    rng: np.random.Generator, state: GraspState, actions: NDArray[np.floating], scaled: bool
) -> tuple[GraspState, NDArray[np.float32]]:
    """Draw a transformed scene, with grasps that hold if and only if the given grasps hold.

    Part and jaw are moved on the table, turned, and in half of all cases mirrored. A transformed
    grasp may lie off the table.

    Args:
        rng: random generator of the transformation.
        state: the scene.
        actions: grasps in the scene, `[E, 3]`.
        scaled: whether all lengths are scaled too. The logarithm of the factor is uniform over the
            range that keeps part and jaw within the training ranges.

    Returns:
        The scene and its grasps, float32 `[E, 3]`.
    """
    scale = math.exp(rng.uniform(*_log_scales(state))) if scaled else 1.0
    sign = -1.0 if rng.random() < 0.5 else 1.0
    part = shapely.transform(state.part, lambda xy: xy * (scale, sign * scale))
    lengths = {name: scale * getattr(state.gripper, name) for name in _LENGTHS}
    gripper = Gripper(**lengths, friction=state.gripper.friction)
    old, new = state.pose, draw_pose(rng, part)
    x, y = _turned(actions[:, 0] - old.x, actions[:, 1] - old.y, -old.turn)
    x, y = _turned(scale * x, sign * scale * y, new.turn)
    theta = np.mod(sign * (actions[:, 2] - old.turn) + new.turn, math.pi)
    carried = np.stack([new.x + x, new.y + y, theta], axis=1).astype(np.float32)
    return GraspState(part, state.name, new, gripper), carried


def _log_scales(state: GraspState) -> tuple[float, float]:
    """Logarithms of the least and the greatest factor; the range always contains 0."""
    bounds = [(*LONGEST_SIDE, longest_side(state.part))]
    bounds += [(*RANGES[name], getattr(state.gripper, name)) for name in _LENGTHS]
    low = max(least / value for least, _, value in bounds)
    high = min(greatest / value for _, greatest, value in bounds)
    return math.log(min(low, 1.0)), math.log(max(high, 1.0))


def _turned(
    x: NDArray[np.floating], y: NDArray[np.floating], turn: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    cos, sin = math.cos(turn), math.sin(turn)
    return cos * x - sin * y, sin * x + cos * y
