"""The objects in a depth picture, whose camera looks down on a table.

The table is the plane that most points lie on (RANSAC, then least squares). What stands above it is
the object, and every point of the object is dropped onto the table at its own height, so a tall
object does not seem larger than it is. The table's frame has its origin where the optical axis
meets the table, x to the right in the picture, y up in the picture and z towards the camera.
"""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.connected import connected
from fag_tf.environments.planar_grasp.images.depth_files import Intrinsics
from fag_tf.environments.planar_grasp.parts.outlines import traced
from fag_tf.errors import InputError

__all__ = ["DepthObject", "TableView", "find_objects", "fit_table"]

_Floats = NDArray[np.float64]

_SAMPLED, _ROUNDS, _SEED = 20_000, 200, 0
_LEAST_TABLE = 0.2  # share of the points that must lie on the table
_NEAR = 0.003  # m: how far a point of the table may seem from its plane
_STEEPEST = np.cos(np.deg2rad(35.0))
_SPECK_SHARE, _LEAST_PIXELS = 0.02, 40
_DETAIL = 0.5  # pixels of the simplified outline


class TableView(NamedTuple):
    """A camera over the table.

    Attributes:
        intrinsics: the camera; None for a view whose rays are parallel.
        pitch: side of a pixel on the table of a parallel view, m.
        centre: column and row of the origin.
        plane: a, b, c of the table z = a x + b y + c in the camera's frame, or of a parallel view
            in columns and rows from the centre.
    """

    intrinsics: Intrinsics | None
    pitch: float
    centre: tuple[float, float]
    plane: tuple[float, float, float]

    @property
    def pixel(self) -> float:
        """Side of a pixel on the table at the origin, m."""
        return self.pitch if self.intrinsics is None else self.plane[2] / self.intrinsics.fx

    def points(self, column: _Floats, row: _Floats, depth: _Floats) -> _Floats:
        """Points `[..., 3]` in the camera's frame (x right, y down, z ahead), m."""
        if self.intrinsics is None:
            x, y = (column - self.centre[0]) * self.pitch, (row - self.centre[1]) * self.pitch
        else:
            fx, fy, cx, cy = self.intrinsics
            x, y = (column - cx) / fx * depth, (row - cy) / fy * depth
        return np.stack([x, y, depth], axis=-1)

    def axes(self) -> tuple[_Floats, _Floats]:
        """Origin `[3]` of the table's frame and its axes x, y, z as rows `[3, 3]`."""
        a, b, c = self.plane
        normal = np.array([a, b, -1.0])
        normal /= np.linalg.norm(normal)
        right = np.array([1.0, 0.0, 0.0])
        right -= (right @ normal) * normal
        right /= np.linalg.norm(right)
        return np.array([0.0, 0.0, c]), np.stack([right, np.cross(normal, right), normal])

    def on_table(self, points: _Floats) -> _Floats:
        """x, y and height over the table, m, of points `[..., 3]` of the camera's frame."""
        origin, axes = self.axes()
        return np.asarray((points - origin) @ axes.T)

    def of(self, xy: NDArray[np.floating]) -> tuple[_Floats, _Floats]:
        """Columns and rows `[n]` of points `[n, 2]` of the table, m."""
        origin, axes = self.axes()
        x, y, z = (origin + np.asarray(xy, np.float64) @ axes[:2]).T
        if self.intrinsics is None:
            return x / self.pitch + self.centre[0], y / self.pitch + self.centre[1]
        fx, fy, cx, cy = self.intrinsics
        return fx * x / z + cx, fy * y / z + cy


class DepthObject(NamedTuple):
    """An object that stands on the table.

    Attributes:
        pieces: outlines of the object, dropped onto the table, m; the largest first.
        seen: its outline in columns and rows of the picture.
        height: median height of the object, m.
        cut: whether it touches the picture's edge.
    """

    pieces: tuple[shapely.Polygon, ...]
    seen: shapely.Polygon
    height: float
    cut: bool

    @property
    def outline(self) -> shapely.Polygon:
        """Outline of the largest piece, m."""
        return self.pieces[0]


def fit_table(
    depth: _Floats, intrinsics: Intrinsics | None, width_m: float | None = None
) -> TableView:
    """Find the table in a depth picture.

    Args:
        depth: depths `[H, W]`, m; not a number where missing.
        intrinsics: the camera; None for a parallel view that is `width_m` wide.
        width_m: width of a parallel view, m.

    Raises:
        InputError: no plane holds a fifth of the points, or it is seen from too far aside.
    """
    height, width = depth.shape
    pitch = 0.0 if width_m is None else width_m / width
    centre = (0.5 * (width - 1), 0.5 * (height - 1))
    if intrinsics is not None:
        centre = (intrinsics.cx, intrinsics.cy)
    flat = TableView(intrinsics, pitch, centre, (0.0, 0.0, 1.0))
    rng = np.random.default_rng(_SEED)
    seen = np.flatnonzero(np.isfinite(depth))
    chosen = rng.permutation(seen)[:_SAMPLED]
    row, column = np.divmod(chosen, width)
    points = flat.points(column.astype(float), row.astype(float), depth.ravel()[chosen])
    best, most = None, -1
    for _ in range(_ROUNDS):
        three = points[rng.choice(len(points), 3, replace=False)] if len(points) > 3 else points
        plane = _least_squares(three)
        count = int((_residuals(points, plane) < _NEAR).sum())
        if count > most:
            best, most = plane, count
    if best is None or most < _LEAST_TABLE * len(points):
        raise InputError(
            "no table is seen: no plane holds a fifth of the depths; are --depth-scale and "
            "--intrinsics right?"
        )
    for _ in range(3):
        best = _least_squares(points[_residuals(points, best) < _NEAR])
    a, b, c = best.tolist()
    if 1.0 / np.sqrt(a * a + b * b + 1.0) < _STEEPEST:
        raise InputError("the camera looks at the table from aside; it must look down on it")
    return flat._replace(plane=(a, b, c))


def _least_squares(points: _Floats) -> _Floats:
    """a, b, c of the plane z = a x + b y + c nearest to points `[n, 3]`."""
    left = np.column_stack([points[:, :2], np.ones(len(points))])
    return np.asarray(np.linalg.lstsq(left, points[:, 2], rcond=None)[0])


def _residuals(points: _Floats, plane: _Floats) -> _Floats:
    a, b, c = plane
    apart = np.abs(points[:, 0] * a + points[:, 1] * b + c - points[:, 2])
    return np.asarray(apart / np.sqrt(a * a + b * b + 1.0))


def find_objects(
    depth: _Floats,
    intrinsics: Intrinsics | None,
    width_m: float | None = None,
    min_height: float = 0.003,
) -> tuple[list[DepthObject], TableView]:
    """Find the objects that stand on the table.

    Missing pixels belong to an object where most of what surrounds their piece does.

    Args:
        depth: depths `[H, W]`, m; not a number where missing.
        intrinsics: the camera; None for a parallel view that is `width_m` wide.
        width_m: width of a parallel view, m.
        min_height: least height of an object over the table, m.

    Returns:
        The objects from left to right on the table, at least one, and the camera over the table.

    Raises:
        InputError: there is no table, or no object.
    """
    view = fit_table(depth, intrinsics, width_m)
    rows, columns = depth.shape
    row, column = np.mgrid[:rows, :columns].astype(np.float64)
    placed = view.on_table(view.points(column, row, depth))
    with np.errstate(invalid="ignore"):
        above = placed[..., 2] > min_height
    known = np.isfinite(depth)
    pieces, labels = _pieces(_filled(above, ~known), min_height)
    found = []
    for label in labels:
        mask = pieces == label
        measured = mask & known
        if not measured.any():
            continue
        traces = [shapely.simplify(each, _DETAIL) for each in traced(mask.astype(np.float64))]
        traces = sorted(traces, key=lambda each: -each.area)
        middle = 0.5 * np.array([columns - 1, rows - 1])
        found.append(
            DepthObject(
                tuple(_dropped(each, view, depth, measured) for each in traces),
                shapely.transform(traces[0], lambda xy, middle=middle: xy * [1, -1] + middle),
                float(np.median(placed[..., 2][measured])),
                bool(mask[[0, -1]].any() or mask[:, [0, -1]].any()),
            )
        )
    if not found:
        raise InputError("the object has no depth of its own; all of it is missing")
    return sorted(found, key=lambda each: each.outline.bounds[:2]), view


def _filled(above: NDArray[np.bool_], missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The object with the missing pieces that it surrounds for the most part."""
    pieces, count = connected(missing)
    if not count:
        return above
    around = np.zeros((2, count + 1))
    padded, own = np.pad(above, 1), np.pad(pieces, 1)
    known = np.pad(~missing, 1)
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        beside = known & (np.roll(own, step, axis) > 0)
        label = np.roll(own, step, axis)[beside]
        np.add.at(around[0], label, padded[beside])
        np.add.at(around[1], label, 1)
    inside = around[0] > 0.6 * np.maximum(around[1], 1)
    inside[0] = False
    return above | inside[pieces]


def _pieces(above: NDArray[np.bool_], min_height: float) -> tuple[NDArray[np.intp], list[int]]:
    """Number of each pixel's piece, and the numbers of those that are no specks."""
    pieces, count = connected(above)
    areas = np.bincount(pieces.ravel(), minlength=count + 1)
    areas[0] = 0
    if areas.max() < _LEAST_PIXELS:
        raise InputError(
            f"nothing stands {1e3 * min_height:g} mm or more above the table (--min-height)"
        )
    least = max(_SPECK_SHARE * areas.max(), _LEAST_PIXELS)
    return pieces, np.flatnonzero(areas >= least).tolist()


def _dropped(
    outline: shapely.Polygon, view: TableView, depth: _Floats, measured: NDArray[np.bool_]
) -> shapely.Polygon:
    """An outline in pixels from the picture's middle, y up, as it stands on the table, m.

    The depth of a point of the outline is the median of the object's depths around it: pixels on
    its very edge are often between object and table.
    """
    rows, columns = depth.shape

    def place(xy: _Floats) -> _Floats:
        column, row = xy[:, 0] + 0.5 * (columns - 1), 0.5 * (rows - 1) - xy[:, 1]
        around = np.array(
            [_depth_near(depth, measured, *at) for at in zip(row, column, strict=True)]
        )
        return view.on_table(view.points(column, row, around))[:, :2]

    dropped = shapely.transform(outline, place)
    if not dropped.is_valid:
        pieces = shapely.get_parts(shapely.make_valid(dropped))
        polygons = [piece for piece in pieces if piece.geom_type == "Polygon"]
        dropped = max(polygons, key=lambda piece: piece.area)
    return shapely.Polygon(dropped.exterior, dropped.interiors)


def _depth_near(depth: _Floats, measured: NDArray[np.bool_], row: float, column: float) -> float:
    reach = 3
    while True:
        top, left = max(0, int(row) - reach), max(0, int(column) - reach)
        window = np.s_[top : int(row) + reach + 2, left : int(column) + reach + 2]
        values = depth[window][measured[window]]
        if len(values) >= 4 or reach > max(depth.shape):
            return float(np.median(values)) if len(values) else float(np.nanmedian(depth[measured]))
        reach *= 2
