"""Where the fingers of a grasp are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.gripper import Gripper

__all__ = ["at_grasps", "closing_line", "open_fingers"]


def open_fingers(gripper: Gripper) -> NDArray[np.float64]:
    """Corners `[2, 4, 2]` of both open fingers in the gripper's frame, m.

    The frame's origin is midway between the pads, and its first axis is the closing line.
    """
    inner = 0.5 * gripper.opening
    outer, pad = inner + gripper.finger_thickness, 0.5 * gripper.pad_width
    finger = np.array([[inner, -pad], [outer, -pad], [outer, pad], [inner, pad]])
    return np.stack([finger, -finger])


def closing_line(gripper: Gripper) -> NDArray[np.float64]:
    """Both ends `[2, 2]` of the line from pad to pad of the open jaw, in the gripper's frame, m."""
    return 0.5 * gripper.opening * np.array([[-1.0, 0.0], [1.0, 0.0]])


def at_grasps(actions: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    """Where each grasp has given points of the gripper's frame.

    Args:
        actions: grasps `[N, 3]`: x, y in m and theta in rad.
        points: points `[..., 2]` of the gripper's frame, m.

    Returns:
        The points `[N, ..., 2]` in the table's frame, m.
    """
    cos, sin = np.cos(actions[:, 2]), np.sin(actions[:, 2])
    turn = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], 1)  # [N, uv, xy]
    placed = points.reshape(-1, 2) @ turn + actions[:, None, :2]
    return np.asarray(placed, np.float64).reshape(len(actions), *points.shape)
