"""One scene: a part on the table and the jaw above it."""

from dataclasses import dataclass

import shapely

from fag_tf.environments.planar_grasp.feasibility.rules import Pose
from fag_tf.environments.planar_grasp.gripper import Gripper

__all__ = ["GraspState"]


@dataclass(frozen=True)
class GraspState:
    """One part on the table and the jaw above it.

    Attributes:
        part: polygon in its own frame, its centroid at the origin, m.
        name: what it is called in tables.
        pose: where it lies.
        gripper: the jaw.
    """

    part: shapely.Polygon
    name: str
    pose: Pose
    gripper: Gripper
