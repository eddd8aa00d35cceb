"""Silhouettes of parts that a user or another program has made, of the same size as the picture."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fag_tf.environments.planar_grasp.images.files import (
    ImageSource,
    name_of,
    read_channels,
    read_image,
)
from fag_tf.errors import InputError

__all__ = ["read_mask", "same_size"]

_LABELS = 0.5  # of full scale: a mask without a greater value holds numbers of labels, not shares


def read_mask(mask: ImageSource, name: str) -> NDArray[np.float32]:
    """Share of each pixel `[H, W]` that the part covers, averaged down as a picture of its size is.

    White is the part, and black is not. In a mask whose values are all small, such as the numbers
    of labels, all that is not 0 is the part.

    Args:
        mask: see `images.files.read_channels`.
        name: what it is called in messages.

    Raises:
        InputError: it cannot be read, or is black.
    """
    colour, opacity, _ = read_channels(mask)
    values = colour.max(axis=2)
    if opacity is not None:
        values = values * opacity
    greatest = float(values.max())
    if greatest <= 0:
        raise InputError(f"the mask {name} is black; the part must be white, or not 0")
    if greatest <= _LABELS:
        return (values > 0).astype(np.float32)
    return np.asarray(values / np.float32(greatest), np.float32)


def same_size(mask: ImageSource, picture: ImageSource) -> Image.Image:
    """The mask as an upright picture.

    Raises:
        InputError: it cannot be read, or its size is not that of the picture.
    """
    own, wanted = read_image(mask), read_image(picture).size
    if own.size != wanted:
        raise InputError(
            f"the mask {name_of(mask)} is {own.size[0]} x {own.size[1]} pixels, the picture "
            f"{name_of(picture)} {wanted[0]} x {wanted[1]}; they must be of one size"
        )
    return own
