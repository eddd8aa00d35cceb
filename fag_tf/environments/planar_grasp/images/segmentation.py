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

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.confidence import DOUBT
from fag_tf.environments.planar_grasp.images.covers import Cover, PictureObjects
from fag_tf.environments.planar_grasp.images.files import ImageSource, name_of, read_channels
from fag_tf.environments.planar_grasp.images.foreground import LEAST_CONTRAST, separate
from fag_tf.environments.planar_grasp.images.masks import read_mask, same_size
from fag_tf.environments.planar_grasp.images.separation import Objects
from fag_tf.environments.planar_grasp.parts.choice import Choice
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.errors import InputError

__all__ = ["read_cover", "read_objects"]

DOUBTFUL = 0.5  # confidence below which a note says so
CLEAR_SHARE = 0.05  # share of the picture that must be transparent; excludes rounded corners
ONLY = Choice()

_Floats = NDArray[np.float32]


def read_objects(
    source: ImageSource,
    width_m: float | None = None,
    mask: ImageSource | None = None,
    join: bool = True,
) -> PictureObjects:
    """Find the objects in a picture with a plain background, of any size, shape and mode.

    Args:
        source: a file that Pillow reads (PNG, JPEG, TIFF, BMP, ...) or another source of
            `read_channels`.
        width_m: width of the picture on the table, m. With None the picture, padded to a square, is
            the whole table of 0.30 m.
        mask: a silhouette of the picture's size, see `images.masks.read_mask`, which is taken in
            place of what the picture shows.
        join: whether pieces of a photograph with narrow gaps between them are one object.

    Raises:
        InputError: the file is missing, broken or not a picture; or it shows no object; or the mask
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
    clear = mask is not None or (alpha is not None and bool(np.mean(alpha < 0.5) > CLEAR_SHARE))
    if mask is not None:
        share = read_mask(same_size(mask, source), name_of(mask))
    elif clear and alpha is not None:
        share = _stretched(alpha)
    else:
        found = separate(path, colour, width_m / width_px, join)
        share = found.share
        confidence = found.evidence.confidence()
        if confidence < DOUBTFUL:
            notes.append(_doubt(confidence, found.evidence.doubts()))
    objects = Objects(share)
    if not len(objects):
        raise InputError(f"{path} shows no object: nothing in it stands out from its background")
    return PictureObjects(
        path, objects, colour, width_m, tuple(notes), block, clear, confidence=confidence
    )


def read_cover(
    source: ImageSource,
    width_m: float | None = None,
    choice: Choice = ONLY,
    mask: ImageSource | None = None,
) -> Cover:
    """Find one object in a picture: the only one, or the one that is chosen.

    Args:
        source: as of `read_objects`.
        width_m: as of `read_objects`.
        choice: which of several objects is taken. With `largest`, pieces with narrow gaps between
            them are several.
        mask: as of `read_objects`.

    Raises:
        InputError: `read_objects` fails, there are several objects and none is chosen, or the
            object cannot be separated from the background.
    """
    found = read_objects(source, width_m, mask, join=not choice.largest)
    return found.cover(found.chosen(choice))


def _doubt(confidence: float, doubts: tuple[str, ...]) -> str:
    why = f" ({', '.join(doubts[:2])})" if doubts else ""
    return (
        f"{DOUBT}, confidence {confidence:.1f}{why}: look at the drawing, or give the "
        "silhouette (--mask)"
    )


def _stretched(alpha: _Floats) -> _Floats:
    greatest = float(alpha.max())
    return alpha / np.float32(greatest) if greatest > LEAST_CONTRAST else np.zeros_like(alpha)
