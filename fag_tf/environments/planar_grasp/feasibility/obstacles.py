"""Neighbours of the part: no finger may meet one, neither fully open nor on its way."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.feasibility.pad_distance import pad_stops
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import Gripper

__all__ = ["Neighbours", "clear_of", "holds_beside", "joined"]

Neighbours: TypeAlias = Sequence[shapely.Polygon] | shapely.Geometry
"""Polygons in the table's frame, m, or what `joined` makes of them."""

_TOUCH = 1e-9  # m; overlaps below this count as touching


def joined(neighbours: Neighbours) -> shapely.Geometry:
    """Neighbours as one geometry, prepared. Who asks often makes it once, because it is dear."""
    if isinstance(neighbours, shapely.Geometry):
        return neighbours
    union = shapely.union_all(list(neighbours))
    shapely.prepare(union)
    return union


def clear_of(
    neighbours: Neighbours,
    part: shapely.Polygon,
    gripper: Gripper,
    actions: NDArray[Any],
) -> NDArray[np.bool_]:
    """Whether both fingers miss all neighbours, from fully open to where they hold the part.

    Each finger sweeps a rectangle: in the frame of the grasp, from the part (where the pad stops)
    to the outer side of the open finger, as wide as the pad. Touching is allowed.

    Args:
        neighbours: polygons in the table's frame, m, or what `joined` made of them.
        part: outline of the part, m, in the same frame.
        gripper: the jaw.
        actions: grasps (x, y, theta), `[n, 3]`, m and rad. If nothing is between the pads, they
            meet in the middle.

    Returns:
        Booleans `[n]`.
    """
    actions = np.asarray(actions, np.float64)
    others = joined(neighbours)
    if others.is_empty or not len(actions):
        return np.ones(len(actions), bool)
    outer = 0.5 * gripper.opening + gripper.finger_thickness - _TOUCH
    half = 0.5 * gripper.pad_width - _TOUCH
    least, greatest = (np.nan_to_num(stops, nan=0.0) for stops in pad_stops(part, gripper, actions))
    clear = np.ones(len(actions), bool)
    for low, high in ((-outer, least - _TOUCH), (greatest + _TOUCH, outer)):
        u = np.stack(np.broadcast_arrays(low, high, high, low), axis=-1)
        if u.ndim == 1:
            u = np.broadcast_to(u, (len(actions), 4))
        v = np.array([-half, -half, half, half])
        cos, sin = np.cos(actions[:, 2:]), np.sin(actions[:, 2:])
        x = actions[:, :1] + u * cos - v * sin
        y = actions[:, 1:2] + u * sin + v * cos
        clear &= ~shapely.intersects(others, shapely.polygons(np.stack([x, y], axis=-1)))
    return clear


def holds_beside(
    neighbours: Neighbours,
    part: shapely.Polygon,
    gripper: Gripper,
    actions: NDArray[Any],
) -> NDArray[np.bool_]:
    """Whether each grasp holds by the exact rules and its fingers miss all neighbours, `[n]`."""
    holds = feasibility(part, gripper, actions)
    found = np.flatnonzero(holds)
    holds[found] = clear_of(neighbours, part, gripper, np.asarray(actions)[found])
    return holds
