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

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.confidence import DOUBT
from fag_tf.environments.planar_grasp.images.connected import connected, grown
from fag_tf.environments.planar_grasp.images.files import ImageSource, name_of, read_channels
from fag_tf.environments.planar_grasp.images.masks import read_mask, same_size
from fag_tf.environments.planar_grasp.images.separation import LEAST_CONTRAST, separate
from fag_tf.environments.planar_grasp.parts.outlines import traced
from fag_tf.environments.planar_grasp.pixel_frame import PixelFrame
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.errors import InputError

__all__ = ["FAINT", "SOLID", "SPECK_SHARE", "Cover", "read_cover"]

DOUBTFUL = 0.5  # confidence below which a note says so
CLEAR_SHARE = 0.05  # share of the picture that must be transparent; excludes rounded corners
SPECK_SHARE = 0.01  # share of the object's area
FAINT, SOLID = 0.25, 0.5  # a piece is connected above FAINT and somewhere above SOLID
CUT_SHARE = 0.25  # share of the picture's edge above which the object is ambiguous
_DETAIL = 0.25  # pixels of a simplified outline
_FINEST = 1.5e-4  # m: least of the same

_Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Cover:
    """The object of a picture, in the picture's pixels.

    Attributes:
        share: share of each pixel that the object covers, float32 `[H, W]`, row 0 on top.
        width: width of the picture on the table, m.
        notes: notes for the user, one sentence each.
        block: how many pixels of the file, along each side, are one pixel of `share`.
        others: the same of the other objects, if the largest of several was taken.
        confidence: how sure the outline is, from 0 to 1; 1 for a silhouette.
        colour: the picture's colours `[H, W, 1 or 3]`, in the same pixels as `share`.
    """

    share: _Floats
    width: float
    notes: tuple[str, ...]
    block: int = 1
    others: _Floats | None = None
    confidence: float = 1.0
    colour: _Floats | None = None

    def neighbours(self) -> tuple[shapely.Polygon, ...]:
        """Outlines of the other objects in the table's frame, m."""
        if self.others is None:
            return ()
        pitch = self.width / self.share.shape[1]
        outlines = (shapely.simplify(each, _DETAIL) for each in traced(self.others))
        return tuple(shapely.transform(each, lambda xy: xy * pitch) for each in outlines)

    def outline(self) -> shapely.Polygon | None:
        """The object's outline in the table's frame, m, as fine as the picture; None if empty."""
        pieces = traced(self.share)
        if not pieces:
            return None
        pitch = self.width / self.share.shape[1]
        largest = pieces[int(np.argmax(shapely.area(pieces)))]
        outline = shapely.transform(largest, lambda xy: xy * pitch)
        return shapely.simplify(outline, max(_DETAIL * pitch, _FINEST))

    @property
    def pixels(self) -> PixelFrame:
        """The pixels of the file."""
        rows, columns = (self.block * side for side in self.share.shape)
        return PixelFrame(self.width / columns, columns, rows)


def read_cover(
    source: ImageSource,
    width_m: float | None = None,
    largest: bool = False,
    mask: ImageSource | None = None,
) -> Cover:
    """Find the object in a picture with a plain background, of any size, shape and mode.

    Args:
        source: a file that Pillow reads (PNG, JPEG, TIFF, BMP, ...) or another source of
            `read_channels`.
        width_m: width of the picture on the table, m. With None the picture, padded to a square, is
            the whole table of 0.30 m.
        largest: whether to take the largest object if there are several.
        mask: a silhouette of the picture's size, see `images.masks.read_mask`, which is taken in
            place of what the picture shows.

    Raises:
        InputError: the file is missing, broken or not a picture; or the picture shows no object,
            several objects, or an object that cannot be separated from the background; or the mask
            is of another size.
    """
    if width_m is not None and not (np.isfinite(width_m) and 0 < width_m <= 100):
        raise InputError(f"a picture cannot be {width_m:g} m wide; give metres, such as 0.30")
    path = name_of(source)
    colour, alpha, block = read_channels(source)
    height_px, width_px = colour.shape[:2]
    notes, confidence = [], 1.0
    if width_m is None:
        width_m = TABLE_SIDE * width_px / max(width_px, height_px)
        padded = "" if width_px == height_px else ", padded to a square,"
        notes.append(f"the picture{padded} is taken as {TABLE_SIDE:.2f} m wide (--width-m)")
    clear = mask is not None or (alpha is not None and np.mean(alpha < 0.5) > CLEAR_SHARE)
    if mask is not None:
        share = read_mask(same_size(mask, source), name_of(mask))
    elif clear and alpha is not None:
        share = _stretched(alpha)
    else:
        found = separate(path, colour, width_m / width_px, join=not largest)
        share = found.share
        confidence = found.evidence.confidence()
        if confidence < DOUBTFUL:
            notes.append(_doubt(confidence, found.evidence.doubts()))
    share, others = _one_object(path, share, largest)
    if others is not None:
        notes.append("the smaller objects beside it count as obstacles")
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
    return Cover(share, width_m, tuple(notes), block, others, confidence, colour)


def _doubt(confidence: float, doubts: tuple[str, ...]) -> str:
    why = f" ({', '.join(doubts[:2])})" if doubts else ""
    return (
        f"{DOUBT}, confidence {confidence:.1f}{why}: look at the drawing, or give the "
        "silhouette (--mask)"
    )


def _stretched(alpha: _Floats) -> _Floats:
    greatest = float(alpha.max())
    return alpha / np.float32(greatest) if greatest > LEAST_CONTRAST else np.zeros_like(alpha)


def _one_object(path: str, cover: _Floats, largest: bool) -> tuple[_Floats, _Floats | None]:
    """The picture with only its object, without specks; and that of smaller objects, if any."""
    pieces, count = connected(cover > FAINT)
    area = np.bincount(pieces.ravel(), cover.ravel(), count + 1)
    solid = np.bincount(pieces[cover > SOLID], minlength=count + 1) > 0
    area[~solid] = 0.0
    area[0] = 0.0
    main = int(np.argmax(area))
    if area[main] == 0.0:
        raise InputError(f"{path} shows no object: nothing in it stands out from its background")
    objects = int(np.sum(area >= SPECK_SHARE * area[main]))
    if objects > 1 and not largest:
        raise InputError(
            f"{path} shows {objects} objects; picture one alone, or take the largest (--largest)"
        )
    # Two pixels around the object hold the faint part of a soft edge.
    near = grown(pieces == main, 2)
    others = grown((pieces > 0) & (pieces != main), 1)
    alone = np.where((pieces == main) | (near & ~others), cover, np.float32(0.0))
    if objects == 1:
        return alone, None
    large = area >= SPECK_SHARE * area[main]
    large[main] = False
    return alone, np.where(large[pieces], cover, np.float32(0.0))


def _at_edge(cover: _Floats) -> tuple[float, bool]:
    """Share of the outermost pixels that the object covers, and whether it covers a corner."""
    solid = cover > SOLID
    edge = np.concatenate([solid[0], solid[-1], solid[1:-1, 0], solid[1:-1, -1]])
    corners = solid[[0, 0, -1, -1], [0, -1, 0, -1]]
    return float(edge.mean()), bool(corners.any())
