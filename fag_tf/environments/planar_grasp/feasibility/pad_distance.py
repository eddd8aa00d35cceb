"""How far apart the pads are when they have closed on the part."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.gripper import Gripper

__all__ = ["pad_distance", "pad_stops"]

# Numbers in the arrays of one block of grasps, which fit into the processor's cache.
_BLOCK = 1 << 15


def pad_distance(
    part: shapely.Polygon, gripper: Gripper, actions: NDArray[Any]
) -> NDArray[np.float64]:
    """Distance of the pads at contact: the extent along u of the part between the pads.

    Args:
        part: one valid polygon, m, in the table's frame, holes allowed.
        gripper: the jaw.
        actions: grasps (x, y, theta), `[n, 3]`, m and rad.

    Returns:
        Distances `[n]`, m; see `pad_stops`.
    """
    least, greatest = pad_stops(part, gripper, actions)
    return greatest - least


def pad_stops(
    part: shapely.Polygon, gripper: Gripper, actions: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest u of the part between the pads, where the pads stop (rule 3).

    In the frame of a grasp, every edge is cut to the band |v| < pad_width / 2 and to |u| <= opening
    / 2. The extremes are those of what is left of all edges.

    Args:
        part: one valid polygon, m, in the table's frame, holes allowed.
        gripper: the jaw.
        actions: grasps (x, y, theta), `[n, 3]`, m and rad.

    Returns:
        Both `[n]`, m; not a number where no edge lies between the pads. Where a finger comes down
        on the part, the part within the opening counts.
    """
    actions = np.asarray(actions, np.float64)
    rings = shapely.get_rings(part)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    own = ring[1:] == ring[:-1]
    block = max(1, _BLOCK // len(xy))
    parts = [
        _block_stops(xy, own, gripper, actions[start : start + block])
        for start in range(0, len(actions), block)
    ]
    stops = np.concatenate([np.empty((2, 0)), *parts], axis=1)
    return stops[0], stops[1]


def _block_stops(
    xy: NDArray[np.float64],
    own: NDArray[np.bool_],
    gripper: Gripper,
    actions: NDArray[np.float64],
) -> NDArray[np.float64]:
    cos, sin = np.cos(actions[:, 2:]), np.sin(actions[:, 2:])
    dx, dy = xy[:, 0] - actions[:, :1], xy[:, 1] - actions[:, 1:2]
    u, v = cos * dx + sin * dy, cos * dy - sin * dx
    half, reach = 0.5 * gripper.pad_width, 0.5 * gripper.opening
    low_v, high_v = np.minimum(v[:, 1:], v[:, :-1]), np.maximum(v[:, 1:], v[:, :-1])
    grasp, edge = np.nonzero((low_v < half) & (high_v > -half) & own)
    u0, u1, v0, v1 = u[grasp, edge], u[grasp, edge + 1], v[grasp, edge], v[grasp, edge + 1]
    slope = (u1 - u0) / np.where(v1 == v0, 1.0, v1 - v0)
    ends = [u0 + (np.clip(end, -half, half) - v0) * slope for end in (v0, v1)]
    ends[1] = np.where(v1 == v0, u1, ends[1])
    low, high = np.minimum(*ends), np.maximum(*ends)
    between = (high >= -reach) & (low <= reach)
    least, greatest = np.full(len(actions), np.inf), np.full(len(actions), -np.inf)
    np.minimum.at(least, grasp[between], np.maximum(low[between], -reach))
    np.maximum.at(greatest, grasp[between], np.minimum(high[between], reach))
    stops = np.stack([least, greatest])
    return np.where(greatest >= least, stops, np.nan)
