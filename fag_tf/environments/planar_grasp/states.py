"""One scene: a part on the table and the jaw above it."""

from dataclasses import dataclass

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, Pose, longest_side
from fag_tf.errors import InputError

__all__ = ["GraspState", "draw_pose"]


@dataclass(frozen=True)
class GraspState:
    """One part on the table and the jaw above it.

    Attributes:
        part: polygon in its own frame, its centroid at the origin, m.
        name: name of the part in tables.
        pose: place and rotation of the part.
        gripper: the jaw.
    """

    part: shapely.Polygon
    name: str
    pose: Pose
    gripper: Gripper


# Turns to try before a part is called too large; parts of the stated sizes fit at any turn.
_TRIES = 100


def draw_pose(rng: np.random.Generator, part: shapely.Polygon) -> Pose:
    """A turn, then a place, uniform among those that leave the part wholly on the table.

    Raises:
        InputError: the part is too large for the table.
    """
    x, y = shapely.get_coordinates(part.exterior).T
    for _ in range(_TRIES):
        turn = float(rng.uniform(-np.pi, np.pi))
        cos, sin = np.cos(turn), np.sin(turn)
        turned = np.stack([cos * x - sin * y, sin * x + cos * y])
        low, high = -TABLE_SIDE / 2 - turned.min(axis=1), TABLE_SIDE / 2 - turned.max(axis=1)
        if (low <= high).all():
            x_place, y_place = rng.uniform(low, high).tolist()
            return Pose(x_place, y_place, turn)
    raise InputError(
        f"a part whose longest side is {longest_side(part):.3g} m does not fit on the table of "
        f"{TABLE_SIDE:g} m; it should be 0.05 to 0.17 m"
    )
