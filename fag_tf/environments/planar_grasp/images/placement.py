"""A picture's object, placed on the table that a model sees.

The centre of the picture, or of the sheet that it was straightened by, is the origin. Of an object
that lies off the table of 0.30 m, as in a wide view, the table is put around it.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.background import shrunk
from fag_tf.environments.planar_grasp.images.covers import Cover, PictureObjects
from fag_tf.environments.planar_grasp.images.files import ImageSource, name_of
from fag_tf.environments.planar_grasp.images.masks import same_size
from fag_tf.environments.planar_grasp.images.perspective import SheetView, straighten
from fag_tf.environments.planar_grasp.images.segmentation import read_objects
from fag_tf.environments.planar_grasp.images.separation import FAINT, SOLID
from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.workspace import (
    GREATEST_PART,
    LEAST_PART,
    TABLE_SIDE,
    longest_side,
    size_remark,
)
from fag_tf.errors import InputError

__all__ = ["Backdrop", "Picture", "SheetOnTable", "objects_of", "placed", "read_picture"]

LOST_SHARE = 0.002  # share of the object's area that may lie off the table by rounding
COARSE = 0.1  # share of the longest side that pixels may add or hide
ONLY = Choice()
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

    def moved(self, by: tuple[float, float]) -> "Backdrop":
        """The same picture elsewhere in the frame, m."""
        left, right, low, high = self.extent
        return self._replace(extent=(left + by[0], right + by[0], low + by[1], high + by[1]))


@dataclass(frozen=True)
class Picture:
    """A picture on the table.

    Attributes:
        occupancy: share of each pixel that the object covers, float32 `[size, size]`, row 0 on top.
        cover: the object in the picture's own pixels.
        notes: notes for the user, one sentence each.
        origin: where in the picture's frame, m, the middle of `occupancy` lies.
    """

    occupancy: _Floats
    cover: Cover
    notes: tuple[str, ...]
    origin: tuple[float, float] = (0.0, 0.0)

    @property
    def outline(self) -> shapely.Polygon:
        """The object's outline in the table's frame, m, traced in the picture's own pixels."""
        return self._on_table(self.cover.outline)

    @property
    def neighbours(self) -> tuple[shapely.Polygon, ...]:
        """Outlines of other objects in the table's frame, m."""
        return tuple(map(self._on_table, self.cover.neighbours))

    @property
    def confidence(self) -> float:
        """How sure the outline is, from 0 to 1."""
        return self.cover.confidence

    def backdrop(self) -> Backdrop:
        """The picture to draw on."""
        rows, columns = self.cover.share.shape
        colour = shrunk(self.cover.colour, _DRAWN)
        half = 0.5 * self.cover.width
        tall = half * rows / columns
        x, y = self.origin
        drawn = (255 * colour.clip(0, 1)).round().astype(np.uint8)
        return Backdrop(drawn, (-half - x, half - x, -tall - y, tall - y))

    def _on_table(self, outline: shapely.Polygon) -> shapely.Polygon:
        return shapely.transform(outline, lambda xy: xy - self.origin)


def read_picture(
    source: ImageSource,
    width_m: float | None = None,
    choice: Choice = ONLY,
    size: int = 128,
    anywhere: bool = False,
    mask: ImageSource | None = None,
    sheet: SheetOnTable | None = None,
) -> Picture:
    """Find the object of a picture and place it on the table, see `placed`.

    Args:
        source: as of `objects_of`.
        width_m: as of `objects_of`.
        choice: which of several objects is taken. With `largest`, pieces with narrow gaps between
            them are several.
        size: pixels of a side of the result.
        anywhere: whether an object off the table of 0.30 m is taken too.
        mask: as of `objects_of`.
        sheet: as of `objects_of`.

    Raises:
        InputError: `objects_of` fails, there are several objects and none is chosen, or the object
            cannot be told from the background or does not fit onto the table.
    """
    found = objects_of(source, width_m, mask, sheet, join=not choice.largest)
    return placed(name_of(source), found.cover(found.chosen(choice)), size, anywhere)


def objects_of(
    source: ImageSource,
    width_m: float | None = None,
    mask: ImageSource | None = None,
    sheet: SheetOnTable | None = None,
    join: bool = True,
) -> PictureObjects:
    """The objects of a picture, straightened if there is a sheet.

    Args:
        source: a file that Pillow reads (PNG, JPEG, TIFF, BMP, ...) or another source of
            `read_channels`.
        width_m: width of the picture on the table, m. With None the picture, padded to a square, is
            the whole table of 0.30 m.
        mask: a silhouette of the picture's size in place of what the picture shows.
        sheet: the sheet of paper that the objects lie on, which gives the scale. The frame is then
            the sheet's, see `images.perspective`.
        join: as of `read_objects`.

    Raises:
        InputError: `read_objects` or `straighten` fails.
    """
    if sheet is None:
        return read_objects(source, width_m, mask, join)
    whole = None if mask is None else same_size(mask, source)
    straight = straighten(source, sheet.size, sheet.corners, whole)
    try:
        found = read_objects(straight.image, straight.width, straight.mask, join)
    except InputError as error:
        # What was straightened has no name of its own.
        told = str(error).replace(name_of(straight.image), name_of(source))
        raise InputError(told) from error
    notes = found.notes
    if sheet.corners is None:
        at = " ".join(f"{x:.1f},{y:.1f}" for x, y in straight.corners)
        notes = (*notes, f"the sheet's corners were found at {at}")
    return replace(found, path=name_of(source), view=straight.view, notes=notes)


def placed(path: str, cover: Cover, size: int = 128, anywhere: bool = False) -> Picture:
    """Place the object of a picture on the table.

    Args:
        path: name of the picture.
        cover: the object.
        size: pixels of a side of the result.
        anywhere: whether an object off the table of 0.30 m is taken too. The table is then put
            around it, and `origin` says where.

    Raises:
        InputError: the object does not fit onto the table.
    """
    option = "--sheet" if isinstance(cover.pixels, SheetView) else "--width-m"
    origin = _middle(cover.share, cover.pitch) if anywhere else (0.0, 0.0)
    occupancy = cover.window(origin, size)
    area = float(cover.share.sum(dtype=np.float64)) * cover.pitch**2
    seen = float(occupancy.sum()) * (TABLE_SIDE / size) ** 2
    # An object that is larger than the table is seen when it is reduced, see `Scene.view`.
    x0, y0, x1, y1 = cover.outline.bounds
    is_large = anywhere and TABLE_SIDE < max(x1 - x0, y1 - y0) <= GREATEST_PART
    if seen < (1 - LOST_SHARE) * area and not is_large:
        raise InputError(
            f"{1 - seen / area:.0%} of the object in {path} lies off the {TABLE_SIDE:.2f} m table "
            f"when the picture is {cover.width:g} m wide; give its true width ({option})"
        )
    if area < LEAST_PART:
        raise InputError(
            f"the object in {path} covers {1e6 * area:.2g} mm^2 when the picture is "
            f"{cover.width:g} m wide; give its true width ({option})"
        )
    side = longest_side(cover.outline) if is_large else _longest_side(occupancy)
    remark = size_remark(side, option, COARSE)
    notes = cover.notes + (() if remark is None else (remark,))
    return Picture(occupancy, cover, notes, origin)


def _middle(cover: _Floats, pitch: float) -> tuple[float, float]:
    """Middle of the object, m, if it lies off the table; else the middle of the picture."""
    rows, columns = np.nonzero(cover > FAINT)
    height, width = cover.shape
    x = (np.array([columns.min(), columns.max() + 1]) - 0.5 * width) * pitch
    y = (0.5 * height - np.array([rows.max() + 1, rows.min()])) * pitch
    if max(np.abs(x).max(), np.abs(y).max()) <= 0.5 * TABLE_SIDE:
        return 0.0, 0.0
    return float(x.mean()), float(y.mean())


def _longest_side(occupancy: _Floats) -> float:
    size = len(occupancy)
    row, column = np.nonzero(occupancy > min(SOLID, 0.5 * float(occupancy.max())))
    corners = [(row + i, column + j) for i in (0, 1) for j in (0, 1)]
    points: Any = np.concatenate([np.stack(corner, axis=1) for corner in corners])
    return longest_side(shapely.MultiPoint(np.unique(points, axis=0))) * TABLE_SIDE / size
