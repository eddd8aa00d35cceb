"""The poses in which a body rests on a table, and how likely each of them is.

A body rests on a facet of its convex hull if its centre of mass lies above that facet. One that
falls in a random turn first meets the facet that its centre of mass is above of, whose chance is
the solid angle that the facet is seen under from the centre of mass. A facet that it does not rest
on topples it over an edge onto the next one. Source: Goldberg et al., *Part Pose Statistics:
Estimators and Experiments*, 1999.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["RestingPose", "resting_poses"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

_SAME_NORMAL = 1e-6  # one minus the cosine of the angle between facets that are one
_INSIDE = 1e-9  # of the body's size
_LEAST_THICKNESS = 1e-6  # of the body's size
_LEAST_CHANCE = 0.001


class RestingPose(NamedTuple):
    """A pose in which a body rests.

    Attributes:
        rotation: matrix `[3, 3]` that turns the body so that it rests on a plane below.
        chance: share of random falls that end so.
        height: height of the body then.
    """

    rotation: _Floats
    chance: float
    height: float


def resting_poses(points: _Floats, centre: _Floats) -> list[RestingPose]:
    """All poses in which a body rests, the likeliest first.

    Args:
        points: points `[n, 3]` whose convex hull is that of the body.
        centre: its centre of mass `[3]`.

    Returns:
        The poses with a chance of a thousandth or more. The list is empty for a flat body.
    """
    from scipy.spatial import ConvexHull, QhullError

    if len(points) < 4:
        return []
    size = float(np.ptp(points, axis=0).max())
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if not size > 0 or spread[2] < _LEAST_THICKNESS * spread[0]:
        return []
    try:
        hull = ConvexHull(points)
    except QhullError:
        return []
    normals = hull.equations[:, :3]
    corners = points[hull.simplices] - centre  # [T, 3, 3]
    heights = -(hull.equations[:, 3] + normals @ centre)
    facet = _facets(normals, hull.neighbors)
    number = int(facet.max()) + 1
    chance = np.bincount(facet, _solid_angles(corners), number) / (4.0 * np.pi)
    height = np.bincount(facet, heights, number) / np.bincount(facet, minlength=number)
    beyond = _beyond_edges(normals, corners)
    stable, goes_to = _toppling(facet, hull.neighbors, beyond, _INSIDE * size, number)
    # Toppling lowers the centre of mass, so every facet passes its chance on before it is looked at
    # again. A facet that rounding would pass to a higher one keeps it.
    for one in np.argsort(-height, kind="stable"):
        to = goes_to[one]
        if not stable[one] and to >= 0 and height[to] < height[one]:
            chance[to] += chance[one]
            chance[one] = 0.0
    first = np.unique(facet, return_index=True)[1]
    order = [one for one in np.argsort(-chance, kind="stable") if chance[one] >= _LEAST_CHANCE]
    poses = []
    for one in order:
        rotation = _turned_down(normals[first[one]])
        high = float(np.ptp(points @ rotation[2]))
        poses.append(RestingPose(rotation, float(chance[one]), high))
    return poses


def _facets(normals: _Floats, neighbours: _Ints) -> _Ints:
    """The facet of each triangle `[T]`: neighbours with the same normal are of one facet."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    triangle = np.repeat(np.arange(len(normals)), 3)
    other = neighbours.ravel()
    same = (normals[triangle] * normals[other]).sum(axis=1) > 1.0 - _SAME_NORMAL
    graph = coo_array(
        (np.ones(same.sum()), (triangle[same], other[same])), (len(normals), len(normals))
    )
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _solid_angles(corners: _Floats) -> _Floats:
    """Solid angle `[T]` of triangles seen from the origin (van Oosterom and Strackee, 1983)."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
    triple = np.abs((a * np.cross(b, c)).sum(axis=1))
    below = la * lb * lc + (a * b).sum(1) * lc + (b * c).sum(1) * la + (c * a).sum(1) * lb
    return np.asarray(2.0 * np.arctan2(triple, below))


def _beyond_edges(normals: _Floats, corners: _Floats) -> _Floats:
    """How far the origin, dropped onto each triangle, lies beyond the edge opposite each corner.

    Negative within the edge; `[T, 3]`.
    """
    beyond = np.empty(corners.shape[:2])
    for corner in range(3):
        start, end = corners[:, (corner + 1) % 3], corners[:, (corner + 2) % 3]
        outward = np.cross(end - start, normals)
        outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-300)
        # The triangle's corners may run either way round.
        away = ((corners[:, corner] - start) * outward).sum(axis=1) > 0
        outward[away] *= -1.0
        beyond[:, corner] = -(start * outward).sum(axis=1)
    return beyond


def _toppling(
    facet: _Ints, neighbours: _Ints, beyond: _Floats, slack: float, number: int
) -> tuple[NDArray[np.bool_], _Ints]:
    """Whether the body rests on each facet, and the facet that it topples onto, -1 for none."""
    over = facet[neighbours]  # Qhull: neighbour k of a triangle is opposite its corner k
    rests = (beyond <= slack).all(axis=1)
    stable = np.bincount(facet, rests, number) > 0
    goes_to, furthest = np.full(number, -1, np.int64), np.zeros(number)
    outer = (over != facet[:, None]) & (beyond > slack)
    for triangle, corner in np.argwhere(outer):
        own = facet[triangle]
        if beyond[triangle, corner] > furthest[own]:
            furthest[own], goes_to[own] = beyond[triangle, corner], over[triangle, corner]
    return stable, goes_to


def _turned_down(normal: _Floats) -> _Floats:
    """The smallest rotation that turns a unit vector to (0, 0, -1)."""
    down = np.array([0.0, 0.0, -1.0])
    cosine = float(normal @ down)
    if cosine < -1.0 + 1e-12:
        return np.diag([1.0, -1.0, -1.0])
    axis = np.cross(normal, down)
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + skew + skew @ skew / (1.0 + cosine))
