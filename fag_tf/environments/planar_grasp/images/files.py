"""Files of pictures, in any size, depth and mode that Pillow reads, as plain arrays."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from fag_tf.errors import InputError

__all__ = ["LARGEST_SIDE", "read_channels"]

LARGEST_SIDE = 2048
"""Pixels of the longest side; larger pictures are averaged down, a table has but 128."""

LEAST_SIDE = 3

# What Pillow's readers raise on files that are cut short or damaged.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, ArithmeticError, IndexError, MemoryError)

_Floats = NDArray[np.float32]


def read_channels(path: str | os.PathLike[str]) -> tuple[_Floats, _Floats | None]:
    """Read a picture, turned upright as its tags say; of several frames the first.

    Args:
        path: a file that Pillow reads: PNG, JPEG, TIFF, BMP, ...

    Returns:
        Colour `[H, W, 1 or 3]` in [0, 1], and opacity `[H, W]` if the file has any, else None.

    Raises:
        InputError: the file is missing, broken, no picture, or far too small or large.
    """
    path = Path(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image.load()
                upright = ImageOps.exif_transpose(image)
        width, height = upright.size
        values, scale = _values(upright)
        with np.errstate(all="ignore"):  # what is not finite is reported by its own check
            channels = _averaged_down(values) / np.float32(scale)
    except Image.UnidentifiedImageError as error:
        raise InputError(f"{path} is not a picture that can be read, such as a PNG") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"{path} has too many pixels; make it smaller") from error
    except FileNotFoundError as error:
        raise InputError(f"picture {path} does not exist") from error
    except _BROKEN as error:
        raise InputError(f"cannot read picture {path}: {_first_line(error)}") from error
    if min(width, height) < LEAST_SIDE:
        raise InputError(f"{path} is {width} x {height} pixels; an object needs more")
    if not np.all(np.isfinite(channels)):
        raise InputError(f"{path} has pixels that are not finite numbers")
    if channels.shape[2] in (2, 4):
        return channels[..., :-1], channels[..., -1]
    return channels, None


def _first_line(error: BaseException) -> str:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(reason).splitlines()[0]


def _values(image: Image.Image) -> tuple[NDArray[Any], float]:
    """All channels `[H, W, C]` and what white is; an even C if the last is opacity."""
    if image.mode == "1":
        image = image.convert("L")
    if image.mode == "F" or image.mode.startswith("I"):
        values: NDArray[Any] = np.asarray(image)[..., None]
        # The scale of such files is not written in them: 1 for floats, 8 or 16 bits for integers.
        greatest = float(np.nanmax(values, initial=0.0))
        scales = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        return values, next((scale for scale in scales if greatest <= scale), greatest)
    if "A" in image.getbands() or "transparency" in image.info:
        mode = "LA" if image.mode == "LA" else "RGBA"
    else:
        mode = "L" if image.mode == "L" else "RGB"
    channels = np.asarray(image.convert(mode))
    return channels.reshape(*channels.shape[:2], -1), 255.0


def _averaged_down(values: NDArray[Any]) -> _Floats:
    """The picture with its longest side at most `LARGEST_SIDE`, whole blocks averaged."""
    block = -(-max(values.shape[:2]) // LARGEST_SIDE)
    if block <= 1:
        return values.astype(np.float32)
    rows, columns = (-(-side // block) * block for side in values.shape[:2])
    pad = ((0, rows - values.shape[0]), (0, columns - values.shape[1]), (0, 0))
    blocks = np.pad(values, pad, mode="edge").reshape(
        rows // block, block, columns // block, block, -1
    )
    return blocks.mean(axis=(1, 3), dtype=np.float32)
