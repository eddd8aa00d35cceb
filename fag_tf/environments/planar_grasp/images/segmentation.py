"""A picture that a user took or drew: which of its pixels the object covers, and where they lie.

From the picture's frame to the table's: the centre of the picture is the centre of the table, a
column further right is further along x, a row further down is further down y. A picture of W
columns and H rows that is `width_m` wide has pixels of side `p = width_m / W` on the table; the one
in row i and column j has its centre at `x = (j + 0.5 - W/2) p`, `y = (H/2 - i - 0.5) p`.
What the table has beyond the picture is background; what the picture has beyond the table must be.

Which side of the contrast is the object is told by the picture's border (or by transparency, if
some of the picture is clear), never by which is darker or larger, so that holes stay holes. A
picture in which the object takes so much of the border that the two could be mistaken is refused.
A grey pixel at the object's edge counts as partly covered, in proportion.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.files import ImageSource, name_of, read_channels
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, longest_side, size_remark
from fag_tf.errors import InputError

__all__ = ["Cover", "Picture", "read_cover", "read_picture"]

LEAST_CONTRAST = 0.06  # of the full scale
BORDER_SHARE = 0.03  # width of the border that tells the background, of the shorter side
CLEAR_SHARE = 0.05  # of the picture: transparent on purpose, not just rounded corners
SPECK_SHARE = 0.01  # of the object's area
FAINT, SOLID = 0.25, 0.5  # a piece hangs together where it is above faint, and is solid somewhere
CUT_SHARE = 0.25  # of the picture's edge: beyond it, object and background cannot be told apart
LOST_SHARE = 0.002  # of the object's area that may fall off the table: rounding
LEAST_AREA = 25e-6  # m^2
COARSE = 0.1  # of the longest side: what the table's pixels may add to it or hide of it

_Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Cover:
    """The one object of a picture, in the picture's own pixels.

    Attributes:
        share: of each pixel that the object covers, float32 `[H, W]`, row 0 on top.
        width: of the picture on the table, m.
        notes: what a user should know, a sentence each.
    """

    share: _Floats
    width: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """A picture on the table.

    Attributes:
        occupancy: share of each pixel that the object covers, float32 `[size, size]`, row 0 on top.
        width: of the picture as it was given, m.
        notes: what a user should know, a sentence each.
    """

    occupancy: _Floats
    width: float
    notes: tuple[str, ...]


def read_cover(source: ImageSource, width_m: float | None = None, largest: bool = False) -> Cover:
    """Find the object in a picture of one on a plain background, of any size, shape and mode.

    Args:
        source: a file that Pillow reads (PNG, JPEG, TIFF, BMP, ...), or see `read_channels`.
        width_m: how wide the picture is on the table, m. None: the picture, padded to a square,
            is the whole table of 0.30 m.
        largest: take the largest object if there are several.

    Raises:
        InputError: the file is missing, broken or no picture; it shows no object, several, or one
            that cannot be told from the background.
    """
    if width_m is not None and not (np.isfinite(width_m) and 0 < width_m <= 100):
        raise InputError(f"a picture cannot be {width_m:g} m wide; give metres, such as 0.30")
    path = name_of(source)
    colour, alpha = read_channels(source)
    height_px, width_px = colour.shape[:2]
    notes = []
    if width_m is None:
        width_m = TABLE_SIDE * width_px / max(width_px, height_px)
        padded = "" if width_px == height_px else ", padded to a square,"
        notes.append(f"the picture{padded} is taken as {TABLE_SIDE:.2f} m wide (--width-m)")
    border = _border(colour.shape[:2])
    clear = alpha is not None and np.mean(alpha < 0.5) > CLEAR_SHARE
    share = _stretched(alpha) if clear and alpha is not None else _contrast(path, colour, border)
    share = _one_object(path, share, largest)
    touching, cornered = _at_edge(share)
    if not clear and (touching > CUT_SHARE or cornered):
        raise InputError(
            f"the object in {path} takes {touching:.0%} of the picture's edge"
            f"{' and a corner' * cornered} and cannot be told from the background; "
            "leave a margin around it"
        )
    if touching > 0:
        meant = "" if clear else ", taken to be what differs from most of the picture's border,"
        notes.append(f"the object{meant} touches the picture's edge; is it all there?")
    return Cover(share, width_m, tuple(notes))


def read_picture(
    source: ImageSource,
    width_m: float | None = None,
    largest: bool = False,
    size: int = 128,
) -> Picture:
    """Lay the object of a picture onto the table.

    Args:
        source: as for `read_cover`, like `width_m` and `largest`.
        width_m: how wide the picture is, m.
        largest: take the largest of several objects.
        size: pixels of a side of the result.

    Raises:
        InputError: as `read_cover`; or the object does not fit onto the table.
    """
    cover = read_cover(source, width_m, largest)
    occupancy = _onto_table(name_of(source), cover.share, cover.width, size)
    remark = size_remark(_longest_side(occupancy), "--width-m", COARSE)
    return Picture(occupancy, cover.width, cover.notes + (() if remark is None else (remark,)))


def _border(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    wide = max(1, round(BORDER_SHARE * min(shape)))
    border = np.ones(shape, bool)
    border[wide:-wide, wide:-wide] = False
    return border


def _stretched(alpha: _Floats) -> _Floats:
    greatest = float(alpha.max())
    return alpha / np.float32(greatest) if greatest > LEAST_CONTRAST else np.zeros_like(alpha)


def _contrast(path: str, colour: _Floats, border: NDArray[np.bool_]) -> _Floats:
    """How far each pixel is from the background's colour (0) to the object's (1), `[H, W]`."""
    background = np.median(colour[border], axis=0)
    apart = np.abs(colour - background).max(axis=2)
    if apart.max() < LEAST_CONTRAST:
        raise InputError(
            f"{path} shows no object: nothing in it stands out from the colour of its border"
        )
    # In all channels together, whichever way, so that an object may have several colours.
    far = np.linalg.norm(colour - background, axis=2)
    # Edges are in between, so the object's own level is that of its more distinct pixels.
    distinct = far[apart > _otsu(apart)]
    level = np.median(distinct[distinct > 0.85 * np.percentile(distinct, 90)])
    return np.clip(far / level, 0.0, 1.0).astype(np.float32)


def _otsu(values: _Floats) -> float:
    """The threshold that parts values into two groups of least variance."""
    counts, edges = np.histogram(values, 256, (0.0, float(values.max())))
    below = np.cumsum(counts)[:-1]
    above = below[-1] + counts[-1] - below
    sums = np.cumsum(counts * edges[1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
        between = np.nan_to_num(below * above * apart**2)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))
    return float(edges[1 + best].mean())  # the middle of the gap, if there is one


def _one_object(path: str, cover: _Floats, largest: bool) -> _Floats:
    """The same picture with nothing but its object: specks, or all smaller objects, removed."""
    from scipy import ndimage

    corners = np.ones((3, 3), bool)
    labels, count = ndimage.label(cover > FAINT, corners)
    number = np.arange(count + 1)
    area = ndimage.sum_labels(cover, labels, number)
    area[0] = 0.0
    area[ndimage.maximum(cover, labels, number) <= SOLID] = 0.0
    main = int(np.argmax(area))
    if area[main] == 0.0:
        raise InputError(f"{path} shows no object: nothing in it stands out from its background")
    objects = int(np.sum(area >= SPECK_SHARE * area[main]))
    if objects > 1 and not largest:
        raise InputError(
            f"{path} shows {objects} objects; picture one alone, or take the largest (--largest)"
        )
    # Two pixels around the object hold the faint end of a soft edge.
    near = ndimage.binary_dilation(labels == main, corners, 2)
    others = ndimage.binary_dilation((labels > 0) & (labels != main), corners)
    return np.where((labels == main) | (near & ~others), cover, np.float32(0.0))


def _at_edge(cover: _Floats) -> tuple[float, bool]:
    """Share of the picture's outermost pixels that are object, and whether a corner is."""
    solid = cover > SOLID
    edge = np.concatenate([solid[0], solid[-1], solid[1:-1, 0], solid[1:-1, -1]])
    corners = solid[[0, 0, -1, -1], [0, -1, 0, -1]]
    return float(edge.mean()), bool(corners.any())


def _averaging(pixels: int, pitch: float, size: int) -> NDArray[np.float64]:
    """Shares `[size, pixels]` of each table pixel's extent that the picture's pixels take.

    Area averaging is separable: this along the rows and along the columns.
    """
    table = (np.arange(size + 1) - size / 2) * (TABLE_SIDE / size)
    picture = (np.arange(pixels + 1) - pixels / 2) * pitch
    low = np.maximum(table[:-1, None], picture[None, :-1])
    high = np.minimum(table[1:, None], picture[None, 1:])
    return np.maximum(high - low, 0.0) * (size / TABLE_SIDE)


def _onto_table(path: str, cover: _Floats, width: float, size: int) -> _Floats:
    pitch = width / cover.shape[1]
    rows, columns = (_averaging(pixels, pitch, size) for pixels in cover.shape)
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
    # Less than a grey step of 16 bits is rounding.
    occupancy[occupancy < 1e-6] = 0.0
    return np.clip(occupancy, 0.0, 1.0).astype(np.float32)


def _longest_side(occupancy: _Floats) -> float:
    size = len(occupancy)
    row, column = np.nonzero(occupancy > min(SOLID, 0.5 * float(occupancy.max())))
    corners = [(row + i, column + j) for i in (0, 1) for j in (0, 1)]
    points: Any = np.concatenate([np.stack(corner, axis=1) for corner in corners])
    return longest_side(shapely.MultiPoint(np.unique(points, axis=0))) * TABLE_SIDE / size
