"""A plain reference of the rules, and a region for random search, as written without this package.

Each rule is one overlay of rectangles with the part. This is slow. `feasibility` is compared with
it and must give equal labels.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE

__all__ = ["bounding_square", "plain_feasibility"]

_LEAST_AREA = 1e-14  # m2; smaller areas are rounding errors of an overlay


def bounding_square(
    part: shapely.Polygon,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest grasps, `[3]` each, of a square around a part, with all turns.

    The square is centred on the part's bounding box, and its side is the longer side of the box.
    """
    x_low, y_low, x_high, y_high = part.bounds
    middle = np.array([x_low + x_high, y_low + y_high]) / 2
    half_side = max(x_high - x_low, y_high - y_low) / 2
    return np.append(middle - half_side, 0.0), np.append(middle + half_side, np.pi)


def plain_feasibility(
    part: shapely.Polygon, gripper: Gripper, actions: NDArray[Any]
) -> NDArray[np.bool_]:
    """Whether each grasp satisfies all rules.

    Args:
        part: one valid polygon in the table's frame, m.
        gripper: the jaw.
        actions: finite grasps (x, y, theta), `[n, 3]`, m and rad.

    Returns:
        Labels, bool `[n]`.
    """
    actions = np.asarray(actions, np.float64)
    reach, half_pad = 0.5 * gripper.opening, 0.5 * gripper.pad_width
    far, depth = reach + gripper.finger_thickness, gripper.compliance
    left = np.flatnonzero((np.abs(actions[:, :2]) <= 0.5 * TABLE_SIDE).all(axis=1))

    # Each rule is checked only for the grasps that satisfy all rules before it.
    seen = _in_gripper_frames(part, actions[left])
    fingers = shapely.MultiPolygon(
        [
            shapely.box(reach, -half_pad, far, half_pad),
            shapely.box(-far, -half_pad, -reach, half_pad),
        ]
    )
    clear = shapely.area(shapely.intersection(seen, fingers)) <= _LEAST_AREA
    left, seen = left[clear], seen[clear]

    held = shapely.intersection(seen, shapely.box(-reach, -half_pad, reach, half_pad))
    first, _, last, _ = _bounds(held)
    something = np.isfinite(first)
    left, held, first, last = left[something], held[something], first[something], last[something]

    patches = []
    for low, high in ((first, first + depth), (last - depth, last)):
        patch = shapely.intersection(held, shapely.box(low, -half_pad, high, half_pad))
        _, bottom, _, top = _bounds(patch)
        patches.append((bottom, top))
    (low_a, high_a), (low_b, high_b) = patches
    seated = np.minimum(high_a - low_a, high_b - low_b) >= depth / gripper.friction
    gap = np.maximum(0.0, np.maximum(low_a - high_b, low_b - high_a))
    opposed = gap <= gripper.friction * (last - first)

    centroid = shapely.get_coordinates(shapely.centroid(part))[0]
    dx, dy = (centroid - actions[left, :2]).T
    angle = actions[left, 2]
    level = np.abs(np.cos(angle) * dy - np.sin(angle) * dx) <= gripper.max_lever

    feasible = np.zeros(len(actions), bool)
    feasible[left] = seated & opposed & level
    return feasible


def _in_gripper_frames(part: shapely.Polygon, actions: NDArray[np.float64]) -> NDArray[Any]:
    """The part in the frame of each grasp, `[n]`: u is the first coordinate, v the second."""
    xy = shapely.get_coordinates(part)
    dx, dy = xy[:, 0] - actions[:, :1], xy[:, 1] - actions[:, 1:2]
    cos, sin = np.cos(actions[:, 2:]), np.sin(actions[:, 2:])
    moved = np.stack([cos * dx + sin * dy, cos * dy - sin * dx], axis=-1)
    copies = np.full(len(actions), part, dtype=object)
    seen: NDArray[Any] = shapely.set_coordinates(copies, moved.reshape(-1, 2))
    return seen


def _bounds(geometries: NDArray[Any]) -> tuple[NDArray[np.float64], ...]:
    """Least and greatest u and v of all pieces with an area, `[n]` each; +-inf without a piece."""
    pieces, owner = shapely.get_parts(geometries, return_index=True)
    solid = shapely.area(pieces) > _LEAST_AREA
    bounds = shapely.bounds(pieces[solid])
    found = []
    for column, reduce, nothing in zip(
        bounds.T, (np.minimum, np.minimum, np.maximum, np.maximum), (1, 1, -1, -1), strict=True
    ):
        extent = np.full(len(geometries), nothing * np.inf)
        reduce.at(extent, owner[solid], column)
        found.append(extent)
    return tuple(found)
