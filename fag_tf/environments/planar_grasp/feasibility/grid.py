"""Every feasible grasp of a part, from the rules alone, on a dense grid in the part's own frame."""

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
"""Cells in a coarse cell, which histograms are made of: 8 mm x 8 mm x 15 degrees."""

# A truth takes some tenths of a second and a few megabytes; an evaluation asks for each part's in
# many poses in a row.
_REMEMBERED = 64


def _axis(name: str, low: float, high: float) -> Axis:
    """An axis from `low` to at least `high`, a whole number of coarse cells long."""
    coarse = CELL[0] * COARSENING[0]
    cells = int(np.ceil((high - low) / coarse - 1e-9)) * COARSENING[0]
    return Axis(name, low, low + cells * CELL[0], "m")


def _grid(part: shapely.Polygon, gripper: Gripper) -> tuple[Axis, Axis, Axis]:
    """Axes that hold every grasp of the part: its bounding box grown by half a jaw's diagonal."""
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
    # In reach is a matter of the table, so of the pose, which is not known here.
    feasible = feasibility(part, gripper, grasps.reshape(-1, 3), anywhere=True)
    return GridTruth.from_mask(feasible.reshape(grasps.shape[:-1]), axes, CELL, COARSENING)


def part_truth(part: shapely.Polygon, gripper: Gripper) -> GridTruth:
    """The truth of a part in its own frame, wherever the table ends.

    The last 64 are remembered.
    """
    return _truth_of(shapely.to_wkb(part), gripper)


def grasp_truth(part: shapely.Polygon, gripper: Gripper, pose: Pose) -> GridTruth:
    """The truth of a part that lies at a pose, without the cells whose centre is out of reach.

    Its grid stays in the part's frame; its actions are those of the table's frame.
    """
    cos, sin = np.cos(pose.turn), np.sin(pose.turn)
    rotation = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    truth = part_truth(part, gripper).moved(rotation, np.array(pose, np.float64))
    in_reach = np.all(np.abs(truth.centres[:, :2]) <= 0.5 * TABLE_SIDE, axis=1)
    return truth.restrict(in_reach)
