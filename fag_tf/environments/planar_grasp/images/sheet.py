"""A sheet of paper in a photograph, with the part on it: its four corners.

What differs from the picture's border is a sheet if its outline is a large quadrilateral and if
something lies on it that is not the table again. A plate with holes has a quadrilateral outline
too, but the table shows through its holes.
"""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fag_tf.environments.planar_grasp.images.background import (
    border_of,
    fit_background,
    shrunk,
)
from fag_tf.environments.planar_grasp.images.connected import connected
from fag_tf.environments.planar_grasp.images.thresholds import otsu
from fag_tf.environments.planar_grasp.workspace import LONGEST_SIDE

__all__ = ["Sheet", "find_sheet", "refined_corners"]

_SIDE = 240  # pixels of the longer side of the picture that is searched
_LEAST_SHARE = 0.25  # of the picture
_SURE_SHARE = 0.45  # from here on a bright quadrilateral is a sheet, whatever lies on it
_LEAST_FIT = 0.965  # share of the area that outline and quadrilateral have in common
_LEAST_CONTRAST = 0.06
_LONGEST_PLATE = 1.2 * LONGEST_SIDE[1]  # m
_BRIGHT = 0.45
_LEAST_CONTENT = 2e-3  # share of the sheet
_INSET = 0.02  # of the sheet's size, cut off at its edges

_Floats = NDArray[np.float32]
_Doubles = NDArray[np.float64]
_Booleans = NDArray[np.bool_]


class Sheet(NamedTuple):
    """A sheet in a picture.

    Attributes:
        corners: columns and rows `[4, 2]`, where whole numbers are the centres of pixels; clockwise
            in the picture from the one nearest to its upper left corner.
        plain: whether something lies on the sheet that is surely not the table again.
    """

    corners: _Doubles
    plain: bool

    def inside(self, shape: tuple[int, ...]) -> _Booleans:
        """The pixels `[H, W]` of the sheet, without a rim."""
        middle = self.corners.mean(axis=0)
        corners = middle + (1 - 2 * _INSET) * (self.corners - middle)
        image = Image.new("1", (shape[1], shape[0]))
        ImageDraw.Draw(image).polygon([tuple(each) for each in corners.tolist()], fill=1)
        return np.asarray(image)


def find_sheet(picture: _Floats, pitch: float = 0.0) -> Sheet | None:
    """The sheet of paper in a picture, if there is one and a table shows around it.

    Args:
        picture: colours `[H, W, C]`.
        pitch: side of a pixel, m, by which a sheet is told from a plate; 0 if not known.
    """
    small = shrunk(picture, _SIDE)
    rows, columns = small.shape[:2]
    if min(rows, columns) < 24:
        return None
    border = border_of(np.ones((rows, columns), bool))
    table = np.median(small[border], axis=0)
    apart = np.abs(small - table).max(axis=2)
    if apart.max() < _LEAST_CONTRAST:
        return None
    pieces, count = connected(apart > otsu(apart))
    if not count:
        return None
    areas = np.bincount(pieces.ravel(), minlength=count + 1)
    areas[0] = 0
    own = pieces == int(areas.argmax())
    if areas.max() < 0.5 * _LEAST_SHARE * own.size or _touches(own) > 0.1:
        return None
    quad = _quadrilateral(own)
    if quad is None or shapely.Polygon(quad).area < _LEAST_SHARE * own.size:
        return None
    block = picture.shape[1] / columns
    sheet = Sheet((quad + 0.5) * block - 0.5, True)
    inner = Sheet(quad, True).inside((rows, columns))
    longest = float(np.linalg.norm(np.roll(quad, 1, axis=0) - quad, axis=1).max())
    return _judged(sheet, small, table, inner, longest * block * pitch > _LONGEST_PLATE)


def _touches(own: _Booleans) -> float:
    edge = np.concatenate([own[0], own[-1], own[:, 0], own[:, -1]])
    return float(edge.mean())


def _judged(
    sheet: Sheet, small: _Floats, table: _Floats, inner: _Booleans, long: bool
) -> Sheet | None:
    """The sheet, if what is within it does not say that it is the part itself."""
    if inner.sum() < 100:
        return None
    ground = fit_background(small, inner)
    paper = ground.colour
    from_paper = np.abs(ground.flattened(small) - paper).max(axis=2)
    from_table = np.abs(small - table).max(axis=2)
    contrast = float(np.abs(paper - table).max())
    noise = 1.4826 * float(np.median(from_paper[inner]))
    lying = inner & (from_paper > max(0.2 * contrast, 5 * noise, _LEAST_CONTRAST))
    content = lying.sum() / inner.sum()
    if content < _LEAST_CONTENT:
        return None
    through = lying & (from_table < max(0.1 * contrast, 3 * noise))
    if through.sum() < 0.3 * lying.sum() or (long and content < 0.5):
        return sheet
    bright = paper.mean() > max(_BRIGHT, table.mean()) and content < 0.5
    large = inner.sum() > _SURE_SHARE * inner.size
    return sheet._replace(plain=False) if bright and large else None


def _quadrilateral(own: _Booleans) -> _Doubles | None:
    """Corners `[4, 2]` (column, row) of the quadrilateral around a piece, if it is one."""
    row, column = np.nonzero(own)
    ends = np.concatenate(
        [np.stack([column + i, row + j], axis=1) for i in (-0.5, 0.5) for j in (-0.5, 0.5)]
    )
    hull = shapely.convex_hull(shapely.MultiPoint(np.unique(ends, axis=0)))
    if hull.geom_type != "Polygon":
        return None
    corners = shapely.get_coordinates(shapely.simplify(hull, 0.75))[:-1]
    while len(corners) > 4:
        fewer = _without_an_edge(corners)
        if fewer is None:
            return None
        corners = fewer
    if len(corners) != 4:
        return None
    quad = shapely.Polygon(corners)
    common = shapely.intersection(hull, quad).area / shapely.union(hull, quad).area
    if common < _LEAST_FIT or own.sum() < 0.5 * quad.area:
        return None
    return _ordered(corners)


def _without_an_edge(corners: _Doubles) -> _Doubles | None:
    """A convex polygon without the edge whose neighbours, made longer, add the least area."""
    best, least = None, np.inf
    for index in range(len(corners)):
        a, b, c, d = (corners[(index + step) % len(corners)] for step in (-1, 0, 1, 2))
        first, second = b - a, c - d
        cross = first[0] * second[1] - first[1] * second[0]
        if abs(cross) < 1e-9:
            continue
        along = ((d - a)[0] * second[1] - (d - a)[1] * second[0]) / cross
        if along < 1:
            continue
        meet = a + along * first
        added = 0.5 * abs((c - b)[0] * (meet - b)[1] - (c - b)[1] * (meet - b)[0])
        if added < least:
            rest = np.delete(corners, (index + 1) % len(corners), axis=0)
            rest[index if index + 1 < len(corners) else index - 1] = meet
            best, least = rest, added
    return best


def _ordered(corners: _Doubles) -> _Doubles:
    """Corners clockwise in the picture, from that nearest to its upper left corner."""
    middle = corners.mean(axis=0)
    turn = np.arctan2(*(corners - middle).T[::-1])
    corners = corners[np.argsort(turn)]
    return np.roll(corners, -int(corners.sum(axis=1).argmin()), axis=0)


def refined_corners(picture: _Floats, corners: _Doubles) -> _Doubles:
    """Corners `[4, 2]` moved to where the sheet's edges are in the picture `[H, W, C]`.

    Across each edge, at many places of it, the steepest step of brightness is found; lines through
    these places (least squares, without those far off) meet in the corners.
    """
    size = float(np.linalg.norm(np.ptp(corners, axis=0)))
    reach = max(3.0, 0.012 * size)
    across = np.arange(-reach, reach + 0.25, 0.5)
    lines = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (end - start) / np.linalg.norm(end - start)
        normal = np.array([along[1], -along[0]])
        places = start + np.linspace(0.06, 0.94, 120)[:, None] * (end - start)
        points = places[:, None] + across[:, None] * normal
        profile = _bilinear(picture, points)
        kernel = np.hanning(9) / np.hanning(9).sum()
        soft = np.apply_along_axis(np.convolve, 1, profile, kernel, "valid")
        step = np.abs(np.diff(soft, axis=1))
        # The middle of the step, more exactly than a sample.
        weight = np.where(step > 0.5 * step.max(axis=1, keepdims=True), step, 0)
        offset = (len(across) - step.shape[1]) / 2
        at = (weight * np.arange(step.shape[1])).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
        shift = (at + offset) * 0.5 - reach
        found = places + shift[:, None] * normal
        kept = np.abs(shift - np.median(shift)) < max(
            1.5, 2.5 * np.median(np.abs(shift - np.median(shift)))
        )
        middle = found[kept].mean(axis=0)
        direction = np.linalg.svd(found[kept] - middle)[2][0]
        lines.append((middle, direction))
    moved = []
    for (first, u), (second, v) in zip([lines[-1], *lines[:-1]], lines, strict=True):
        t = np.linalg.solve(np.stack([u, -v], axis=1), second - first)
        moved.append(first + t[0] * u)
    return np.array(moved)


def _bilinear(picture: _Floats, points: _Doubles) -> _Doubles:
    """Brightness of a picture at points `[..., 2]` (column, row)."""
    rows, columns = picture.shape[:2]
    x = np.clip(points[..., 0], 0, columns - 1.001)
    y = np.clip(points[..., 1], 0, rows - 1.001)
    j, i = x.astype(np.intp), y.astype(np.intp)
    u, v = x - j, y - i
    grey = picture.mean(axis=2, dtype=np.float64)
    low = grey[i, j] * (1 - u) + grey[i, j + 1] * u
    high = grey[i + 1, j] * (1 - u) + grey[i + 1, j + 1] * u
    return np.asarray(low * (1 - v) + high * v)
