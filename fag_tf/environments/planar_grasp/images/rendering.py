"""Rendering of polygons: the exact share of every pixel that a part covers.

The method applies Green's theorem to each pixel. An edge is cut at the pixel grid. Each piece
changes the covered area of its own pixel by the strip between the piece and the pixel's right side.
It changes the area of every pixel further right in its row by its whole height. Sums along the rows
give exact areas, with holes and without sampling. The time grows with the length of the outline,
not with the number of pixels.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, Pose

__all__ = ["occupancy", "place", "render"]


def place(part: shapely.Polygon, pose: Pose) -> shapely.Polygon:
    """The part moved to its pose, in the table's frame, m."""
    return shapely.transform(part, lambda xy: _moved(xy, pose))


def _moved(xy: NDArray[np.float64], pose: Pose) -> NDArray[np.float64]:
    cos, sin = np.cos(pose.turn), np.sin(pose.turn)
    return xy @ np.array([[cos, sin], [-sin, cos]]) + (pose.x, pose.y)


def _edges(
    parts: Sequence[shapely.Polygon], poses: Sequence[Pose]
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Picture `[E]`, start `[E, 2]` and end `[E, 2]` of all edges, material on the left."""
    oriented = shapely.orient_polygons(np.asarray(parts, object))
    rings, picture = shapely.get_rings(oriented, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    picture = picture[ring]
    x, y, turn = np.asarray(poses, np.float64).reshape(-1, 3)[picture].T
    cos, sin = np.cos(turn), np.sin(turn)
    xy = np.stack([x + cos * xy[:, 0] - sin * xy[:, 1], y + sin * xy[:, 0] + cos * xy[:, 1]], 1)
    real = ring[1:] == ring[:-1]
    return picture[:-1][real], xy[:-1][real], xy[1:][real]


def _crossings(
    start: NDArray[np.float64], end: NDArray[np.float64], lines: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Edges and positions along them (0 to 1) where a coordinate equals 0, 1, ..., lines."""
    first = np.clip(np.floor(np.minimum(start, end)) + 1, 0, lines + 1).astype(np.intp)
    beyond = np.clip(np.ceil(np.maximum(start, end)), 0, lines + 1).astype(np.intp)
    counts = np.maximum(beyond - first, 0)
    edge = np.repeat(np.arange(len(start)), counts)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    return edge, (line - start[edge]) / (end - start)[edge]


def render(
    parts: Sequence[shapely.Polygon], poses: Sequence[Pose], size: int | tuple[int, int] = 128
) -> NDArray[np.float32]:
    """Anti-aliased occupancy pictures of parts on the table.

    Args:
        parts: one valid polygon for each picture, in its own frame, m.
        poses: pose of each part; regions outside the table are not visible.
        size: pixels of a side, or (height, width).

    Returns:
        float32 `[B, H, W]` in [0, 1]: the exact share of each pixel that the part covers. Row 0 is
        the top (greatest y).
    """
    height, width = (size, size) if isinstance(size, int) else size
    batch = len(parts)
    if batch == 0:
        return np.zeros((0, height, width), np.float32)
    picture, start, end = _edges(parts, poses)
    # Coordinates in pixels, with y upwards.
    scale = np.array([width, height]) / TABLE_SIDE
    start, end = (start + TABLE_SIDE / 2) * scale, (end + TABLE_SIDE / 2) * scale

    # Cut every edge at each pixel border that it crosses.
    edges = np.arange(len(start))
    crossed = [_crossings(start[:, axis], end[:, axis], (width, height)[axis]) for axis in (0, 1)]
    edge = np.concatenate([edges, crossed[0][0], crossed[1][0]])
    along = np.concatenate([np.zeros(len(edges)), crossed[0][1], crossed[1][1]])
    order = np.lexsort((along, edge))
    edge, along = edge[order], along[order]
    until = np.append(along[1:], 1.0)
    until[np.append(edge[1:] != edge[:-1], True)] = 1.0
    step = (end - start)[edge]
    middle = start[edge] + (0.5 * (along + until))[:, None] * step
    height_of_piece = (until - along) * step[:, 1]

    # Material is left of every edge, so it ends to the right of an edge that goes up.
    row = np.floor(middle[:, 1]).astype(np.intp)
    x = np.clip(middle[:, 0], 0.0, width)
    column = np.minimum(x.astype(np.intp), width - 1)
    share = column + 1 - x
    seen = (row >= 0) & (row < height)
    base = ((picture[edge] * height + (height - 1 - row)) * (width + 1) + column)[seen]
    own, rest = (-height_of_piece * share)[seen], (-height_of_piece * (1 - share))[seen]
    pixels = batch * height * (width + 1)
    change = np.bincount(base, own, pixels) + np.bincount(base + 1, rest, pixels)
    covered = np.cumsum(change.reshape(batch, height, width + 1), axis=2)[:, :, :width]
    # Sums of opposite edges leave rounding errors in empty pixels.
    covered[np.abs(covered) < 1e-9] = 0.0
    return np.clip(covered, 0.0, 1.0).astype(np.float32)


def occupancy(polygon: shapely.Polygon, size: int | tuple[int, int] = 128) -> NDArray[np.float32]:
    """Occupancy picture `[H, W]` of one polygon in the table's frame; see `render`."""
    return render([polygon], [Pose()], size)[0]
