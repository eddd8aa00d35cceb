"""The truth of a part: all feasible grasps by the rules, on a dense grid in the part's frame."""

import functools
import math

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, Pose
from fag_tf.spaces import Axis

__all__ = ["CELL", "COARSENING", "grasp_truth", "part_truth"]

CELL = (0.004, 0.004, np.pi / 36)
"""Width of a cell along x, y (m) and theta (rad)."""

COARSENING = (2, 2, 3)
"""Cells per coarse cell along x, y and theta. A coarse cell has 8 mm x 8 mm x 15 degrees."""

# A truth takes some tenths of a second and a few megabytes; an evaluation needs it many times.
_REMEMBERED = 64


def _axis(name: str, low: float, high: float) -> Axis:
    """An axis from `low` to at least `high`, m, whose length is a whole number of coarse cells."""
    coarse = CELL[0] * COARSENING[0]
    cells = int(np.ceil((high - low) / coarse - 1e-9)) * COARSENING[0]
    return Axis(name, low, low + cells * CELL[0], "m")


def _grid(part: shapely.Polygon, gripper: Gripper) -> tuple[Axis, Axis, Axis]:
    """Axes for all grasps of a part: its bounding box, extended by half the jaw's diagonal."""
    margin = 0.5 * math.hypot(gripper.opening, gripper.pad_width)
    x_low, y_low, x_high, y_high = part.bounds
    return (
        _axis("x", x_low - margin, x_high + margin),
        _axis("y", y_low - margin, y_high + margin),
        Axis("theta", 0.0, np.pi, "rad", periodic=True),
    )


def _centres(axis: Axis, cell: float) -> NDArray[np.float64]:
    return np.asarray(axis.low + (np.arange(round(axis.width / cell)) + 0.5) * cell)


@functools.lru_cache(maxsize=_REMEMBERED)
def _truth_of(wkb: bytes, gripper: Gripper) -> GridTruth:
    part = shapely.from_wkb(wkb)
    axes = _grid(part, gripper)
    centres = [_centres(axis, cell) for axis, cell in zip(axes, CELL, strict=True)]
    grasps = np.stack(np.meshgrid(*centres, indexing="ij"), axis=-1)
    # The reach depends on the pose of the part on the table, which is not known here.
    feasible = feasibility(part, gripper, grasps.reshape(-1, 3), anywhere=True)
    return GridTruth.from_mask(feasible.reshape(grasps.shape[:-1]), axes, CELL, COARSENING)


def part_truth(part: shapely.Polygon, gripper: Gripper) -> GridTruth:
    """The truth of a part in its own frame, on a table without ends.

    The last 64 truths are cached.

    Args:
        part: one valid polygon, m.
        gripper: the jaw.
    """
    return _truth_of(shapely.to_wkb(part), gripper)


def grasp_truth(part: shapely.Polygon, gripper: Gripper, pose: Pose) -> GridTruth:
    """The truth of a part at a pose on the table, without cells whose centre is out of reach.

    The grid is in the frame of the part. The actions are in the frame of the table.

    Args:
        part: one valid polygon in its own frame, m.
        gripper: the jaw.
        pose: pose of the part on the table.
    """
    cos, sin = np.cos(pose.turn), np.sin(pose.turn)
    rotation = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    truth = part_truth(part, gripper).moved(rotation, np.array(pose, np.float64))
    in_reach = np.all(np.abs(truth.centres[:, :2]) <= 0.5 * TABLE_SIDE, axis=1)
    return truth.restrict(in_reach)
