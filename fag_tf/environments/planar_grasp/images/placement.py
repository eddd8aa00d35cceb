"""A picture's object, placed on the table that a model sees.

The centre of the picture, or of the sheet that it was straightened by, is the origin. Of an object
that lies off the table of 0.30 m, as in a wide view, the table is put around it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.background import shrunk
from fag_tf.environments.planar_grasp.images.files import ImageSource, name_of
from fag_tf.environments.planar_grasp.images.masks import same_size
from fag_tf.environments.planar_grasp.images.perspective import SheetView, straighten
from fag_tf.environments.planar_grasp.images.segmentation import FAINT, SOLID, Cover, read_cover
from fag_tf.environments.planar_grasp.pixel_frame import PixelFrame
from fag_tf.environments.planar_grasp.workspace import (
    LEAST_AREA,
    TABLE_SIDE,
    longest_side,
    size_remark,
)
from fag_tf.errors import InputError

__all__ = ["Backdrop", "Picture", "SheetOnTable", "read_picture"]

LOST_SHARE = 0.002  # share of the object's area that may lie off the table by rounding
COARSE = 0.1  # share of the longest side that pixels may add or hide
_DRAWN = 1000  # pixels of the longer side of a picture that is drawn on

_Floats = NDArray[np.float32]


class SheetOnTable(NamedTuple):
    """A sheet of paper of known size, which gives a photograph its scale and straightens it.

    Attributes:
        size: width and height, m; see `images.perspective.parse_sheet`.
        corners: where its corners are `[4, 2]`; None if it shall be found.
    """

    size: tuple[float, float]
    corners: NDArray[np.float64] | None = None


class Backdrop(NamedTuple):
    """A picture to draw on.

    Attributes:
        colour: bytes `[h, w, 1 or 3]`.
        extent: left, right, lower and upper edge in the table's frame, m.
    """

    colour: NDArray[np.uint8]
    extent: tuple[float, float, float, float]


@dataclass(frozen=True)
class Picture:
    """A picture on the table.

    Attributes:
        occupancy: share of each pixel that the object covers, float32 `[size, size]`, row 0 on top.
        width: width of the original picture, m.
        notes: notes for the user, one sentence each.
        pixels: the pixels of the original picture.
        neighbours: outlines of other objects in the table's frame, m.
        outline: the object's outline, traced in the picture's own pixels, m; None if nothing can
            be traced.
        confidence: how sure it is, from 0 to 1.
        backdrop: makes the picture to draw on.
        origin: where in the picture's frame, m, the middle of `occupancy` lies.
    """

    occupancy: _Floats
    width: float
    notes: tuple[str, ...]
    pixels: PixelFrame | SheetView
    neighbours: tuple[shapely.Polygon, ...] = ()
    outline: shapely.Polygon | None = None
    confidence: float = 1.0
    backdrop: Callable[[], Backdrop] | None = None
    origin: tuple[float, float] = (0.0, 0.0)


def read_picture(
    source: ImageSource,
    width_m: float | None = None,
    largest: bool = False,
    size: int = 128,
    anywhere: bool = False,
    mask: ImageSource | None = None,
    sheet: SheetOnTable | None = None,
) -> Picture:
    """Find the object of a picture and place it on the table.

    Args:
        source: a file that Pillow reads (PNG, JPEG, TIFF, BMP, ...) or another source of
            `read_channels`.
        width_m: width of the picture on the table, m. With None the picture, padded to a square, is
            the whole table of 0.30 m.
        largest: whether to take the largest object if there are several.
        size: pixels of a side of the result.
        anywhere: whether an object off the table of 0.30 m is taken too. The table is then put
            around it, and `origin` says where.
        mask: a silhouette of the picture's size in place of what the picture shows.
        sheet: the sheet of paper that the object lies on, which gives the scale. The frame is then
            the sheet's, see `images.perspective`.

    Raises:
        InputError: `read_cover` or `straighten` fails, or the object does not fit onto the table.
    """
    cover, view = _seen(source, width_m, largest, mask, sheet)
    pitch = cover.width / cover.share.shape[1]
    origin = _middle(cover.share, pitch) if anywhere else (0.0, 0.0)
    occupancy = _onto_table(name_of(source), cover.share, cover.width, size, origin)
    option = "--width-m" if sheet is None else "--sheet"
    remark = size_remark(_longest_side(occupancy), option, COARSE)
    notes = cover.notes + (() if remark is None else (remark,))
    neighbours = tuple(
        shapely.transform(each, lambda xy: xy - origin) for each in cover.neighbours()
    )
    outline = cover.outline()
    if outline is not None:
        outline = shapely.transform(outline, lambda xy: xy - origin)
    return Picture(
        occupancy,
        cover.width,
        notes,
        cover.pixels if view is None else view,
        neighbours,
        outline,
        cover.confidence,
        lambda: _backdrop(cover, origin),
        origin,
    )


def _seen(
    source: ImageSource,
    width_m: float | None,
    largest: bool,
    mask: ImageSource | None,
    sheet: SheetOnTable | None,
) -> tuple[Cover, SheetView | None]:
    """The object of a picture, straightened if there is a sheet; and the camera over the sheet."""
    if sheet is None:
        return read_cover(source, width_m, largest, mask), None
    whole = None if mask is None else same_size(mask, source)
    straight = straighten(source, sheet.size, sheet.corners, whole)
    try:
        cover = read_cover(straight.image, straight.width, largest, straight.mask)
    except InputError as error:
        # What was straightened has no name of its own.
        told = str(error).replace(name_of(straight.image), name_of(source))
        raise InputError(told) from error
    if sheet.corners is None:
        found = " ".join(f"{x:.1f},{y:.1f}" for x, y in straight.corners)
        cover = replace(cover, notes=(*cover.notes, f"the sheet's corners were found at {found}"))
    return cover, straight.view


def _backdrop(cover: Cover, origin: tuple[float, float]) -> Backdrop:
    rows, columns = cover.share.shape
    colour = shrunk(cover.share[..., None] if cover.colour is None else cover.colour, _DRAWN)
    half = 0.5 * cover.width
    tall = half * rows / columns
    x, y = origin
    drawn = (255 * colour.clip(0, 1)).round().astype(np.uint8)
    return Backdrop(drawn, (-half - x, half - x, -tall - y, tall - y))


def _middle(cover: _Floats, pitch: float) -> tuple[float, float]:
    """Middle of the object, m, if it lies off the table; else the middle of the picture."""
    rows, columns = np.nonzero(cover > FAINT)
    height, width = cover.shape
    x = (np.array([columns.min(), columns.max() + 1]) - 0.5 * width) * pitch
    y = (0.5 * height - np.array([rows.max() + 1, rows.min()])) * pitch
    if max(np.abs(x).max(), np.abs(y).max()) <= 0.5 * TABLE_SIDE:
        return 0.0, 0.0
    return float(x.mean()), float(y.mean())


def _averaging(pixels: int, pitch: float, size: int, middle: float = 0.0) -> NDArray[np.float64]:
    """Share of each table pixel's extent in each picture pixel, `[size, pixels]`.

    `middle` is where the table's middle lies from that of the picture, m. Area averaging is
    separable, so this matrix applies to the rows and to the columns.
    """
    table = (np.arange(size + 1) - size / 2) * (TABLE_SIDE / size)
    picture = (np.arange(pixels + 1) - pixels / 2) * pitch - middle
    low = np.maximum(table[:-1, None], picture[None, :-1])
    high = np.minimum(table[1:, None], picture[None, 1:])
    return np.maximum(high - low, 0.0) * (size / TABLE_SIDE)


def _onto_table(
    path: str, cover: _Floats, width: float, size: int, origin: tuple[float, float]
) -> _Floats:
    pitch = width / cover.shape[1]
    rows = _averaging(cover.shape[0], pitch, size, -origin[1])  # which go down
    columns = _averaging(cover.shape[1], pitch, size, origin[0])
    occupancy = rows @ cover @ columns.T
    area = float(cover.sum(dtype=np.float64)) * pitch**2
    seen = float(occupancy.sum()) * (TABLE_SIDE / size) ** 2
    if seen < (1 - LOST_SHARE) * area:
        raise InputError(
            f"{1 - seen / area:.0%} of the object in {path} lies off the {TABLE_SIDE:.2f} m table "
            f"when the picture is {width:g} m wide; give its true width (--width-m)"
        )
    if area < LEAST_AREA:
        raise InputError(
            f"the object in {path} covers {1e6 * area:.2g} mm^2 when the picture is {width:g} m "
            "wide; give its true width (--width-m)"
        )
    # Values below a grey step of 16 bits are rounding errors.
    occupancy[occupancy < 1e-6] = 0.0
    return np.clip(occupancy, 0.0, 1.0).astype(np.float32)


def _longest_side(occupancy: _Floats) -> float:
    size = len(occupancy)
    row, column = np.nonzero(occupancy > min(SOLID, 0.5 * float(occupancy.max())))
    corners = [(row + i, column + j) for i in (0, 1) for j in (0, 1)]
    points: Any = np.concatenate([np.stack(corner, axis=1) for corner in corners])
    return longest_side(shapely.MultiPoint(np.unique(points, axis=0))) * TABLE_SIDE / size
