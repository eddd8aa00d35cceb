"""Segmentation of a photographed or drawn picture: the pixels of the object and their position.

The centre of the picture is the centre of the table. Columns further right have a greater x, and
rows further down have a smaller y. A picture of W columns and H rows that is `width_m` wide has
pixels of side `p = width_m / W` on the table. The pixel in row i and column j has its centre at `x
= (j + 0.5 - W/2) p`, `y = (H/2 - i - 0.5) p`. Parts of the table outside the picture are
background. Parts of the picture outside the table must be background.

The border of the picture tells background from object (or transparency does, if part of the picture
is transparent). Brightness and size do not matter, so that holes stay holes. A picture is refused
if the object covers so much of the border that object and background could be confused. A grey
pixel at the edge of the object counts as covered in part, in proportion to its grey level.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.covers import Cover, PictureObjects
from fag_tf.environments.planar_grasp.images.files import ImageSource, name_of, read_channels
from fag_tf.environments.planar_grasp.images.separation import FAINT, SOLID, Objects
from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.workspace import (
    GREATEST_PART,
    LEAST_PART,
    TABLE_SIDE,
    longest_side,
    size_remark,
)
from fag_tf.errors import InputError

__all__ = ["Picture", "placed", "read_cover", "read_objects", "read_picture"]

LEAST_CONTRAST = 0.06  # share of the full scale
BORDER_SHARE = 0.03  # width of the background border, as share of the shorter side
CLEAR_SHARE = 0.05  # share of the picture that must be transparent; excludes rounded corners
ONLY = Choice()
LOST_SHARE = 0.002  # share of the object's area that may lie off the table by rounding
COARSE = 0.1  # share of the longest side that pixels may add or hide

_Floats = NDArray[np.float32]


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


def read_objects(source: ImageSource, width_m: float | None = None) -> PictureObjects:
    """Find the objects in a picture with a plain background, of any size, shape and mode.

    Args:
        source: a file that Pillow reads (PNG, JPEG, TIFF, BMP, ...) or another source of
            `read_channels`.
        width_m: width of the picture on the table, m. With None the picture, padded to a square, is
            the whole table of 0.30 m.

    Raises:
        InputError: the file is missing, broken or not a picture; or it shows no object.
    """
    if width_m is not None and not (np.isfinite(width_m) and 0 < width_m <= 100):
        raise InputError(f"a picture cannot be {width_m:g} m wide; give metres, such as 0.30")
    path = name_of(source)
    colour, alpha, block = read_channels(source)
    height_px, width_px = colour.shape[:2]
    notes = []
    if width_m is None:
        width_m = TABLE_SIDE * width_px / max(width_px, height_px)
        padded = "" if width_px == height_px else ", padded to a square,"
        notes.append(f"the picture{padded} is taken as {TABLE_SIDE:.2f} m wide (--width-m)")
    border = _border(colour.shape[:2])
    clear = alpha is not None and bool(np.mean(alpha < 0.5) > CLEAR_SHARE)
    share = _stretched(alpha) if clear and alpha is not None else _contrast(path, colour, border)
    objects = Objects(share)
    if not len(objects):
        raise InputError(f"{path} shows no object: nothing in it stands out from its background")
    return PictureObjects(path, objects, (height_px, width_px), width_m, tuple(notes), block, clear)


def read_cover(source: ImageSource, width_m: float | None = None, choice: Choice = ONLY) -> Cover:
    """Find one object in a picture: the only one, or the one that is chosen.

    Args:
        source: as of `read_objects`.
        width_m: as of `read_objects`.
        choice: which of several objects is taken.

    Raises:
        InputError: `read_objects` fails, there are several objects and none is chosen, or the
            object cannot be separated from the background.
    """
    found = read_objects(source, width_m)
    return found.cover(found.chosen(choice))


def read_picture(
    source: ImageSource,
    width_m: float | None = None,
    choice: Choice = ONLY,
    size: int = 128,
    anywhere: bool = False,
) -> Picture:
    """Find the object of a picture and place it on the table, see `placed`.

    Args:
        source: as of `read_objects`.
        width_m: as of `read_objects`.
        choice: which of several objects is taken.
        size: pixels of a side of the result.
        anywhere: whether an object off the table of 0.30 m is taken too.

    Raises:
        InputError: `read_cover` fails, or the object does not fit onto the table.
    """
    return placed(name_of(source), read_cover(source, width_m, choice), size, anywhere)


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
            f"when the picture is {cover.width:g} m wide; give its true width (--width-m)"
        )
    if area < LEAST_PART:
        raise InputError(
            f"the object in {path} covers {1e6 * area:.2g} mm^2 when the picture is "
            f"{cover.width:g} m wide; give its true width (--width-m)"
        )
    side = longest_side(cover.outline) if is_large else _longest_side(occupancy)
    remark = size_remark(side, "--width-m", COARSE)
    notes = cover.notes + (() if remark is None else (remark,))
    return Picture(occupancy, cover, notes, origin)


def _border(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    wide = max(1, round(BORDER_SHARE * min(shape)))
    border = np.ones(shape, bool)
    border[wide:-wide, wide:-wide] = False
    return border


def _stretched(alpha: _Floats) -> _Floats:
    greatest = float(alpha.max())
    return alpha / np.float32(greatest) if greatest > LEAST_CONTRAST else np.zeros_like(alpha)


def _contrast(path: str, colour: _Floats, border: NDArray[np.bool_]) -> _Floats:
    """Contrast `[H, W]` from the background's colour (0) to the object's colour (1)."""
    background = np.median(colour[border], axis=0)
    apart = np.abs(colour - background).max(axis=2)
    if apart.max() < LEAST_CONTRAST:
        raise InputError(
            f"{path} shows no object: nothing in it stands out from the colour of its border"
        )
    # The distance over all channels allows an object of several colours.
    far = np.linalg.norm(colour - background, axis=2)
    # Edge pixels lie between the two levels, so distinct pixels give the object's level.
    distinct = far[apart > _otsu(apart)]
    level = np.median(distinct[distinct > 0.85 * np.percentile(distinct, 90)])
    return np.clip(far / level, 0.0, 1.0).astype(np.float32)


def _otsu(values: _Floats) -> float:
    """The threshold that divides values into two groups of least variance (Otsu)."""
    counts, edges = np.histogram(values, 256, (0.0, float(values.max())))
    below = np.cumsum(counts)[:-1]
    above = below[-1] + counts[-1] - below
    sums = np.cumsum(counts * edges[1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
        between = np.nan_to_num(below * above * apart**2)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))
    return float(edges[1 + best].mean())  # the middle of a gap, if there is one


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
