"""Depth pictures of prisms on a table, by casting a ray through every pixel."""

import numpy as np
import shapely


def camera_over_table(distance, tilt=0.0, turn=0.0):
    """Rotation (rows: the table's x, y, z in the camera's frame) and origin of the table's frame.

    The optical axis meets the table at its origin, `distance` m away. The table's x is right in the
    picture as nearly as a tilt (about the picture's x) and a turn (about its y) allow.
    """
    c, s, e, f = np.cos(tilt), np.sin(tilt), np.cos(turn), np.sin(turn)
    down = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ np.array(
        [[e, 0, f], [0, 1, 0], [-f, 0, e]]
    )
    normal = down @ np.array([0.0, 0.0, -1.0])
    right = np.array([1.0, 0.0, 0.0]) - normal[0] * normal
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(normal, right), normal]), np.array([0.0, 0.0, distance])


def depth_of(prisms, intrinsics, shape, distance=0.6, tilt=0.0, turn=0.0):
    """Depths `[H, W]` of (outline in the table's frame, height) pairs; walls are not seen."""
    fx, fy, cx, cy = intrinsics
    axes, origin = camera_over_table(distance, tilt, turn)
    row, column = np.mgrid[: shape[0], : shape[1]].astype(float)
    rays = np.stack([(column - cx) / fx, (row - cy) / fy, np.ones(shape)], axis=-1)
    depth = np.full(shape, np.inf)
    for outline, height in [(None, 0.0), *prisms]:
        # The ray meets the plane at this height where its depth is:
        meets = (origin @ axes[2] + height) / (rays @ axes[2])
        points = (rays * meets[..., None] - origin) @ axes.T
        inside = outline is None or shapely.contains_xy(outline, points[..., 0], points[..., 1])
        depth = np.where(inside & (meets < depth), meets, depth)
    return depth
