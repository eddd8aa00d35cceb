"""Picture files of any size, depth and mode that Pillow reads, as plain arrays."""

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from fag_tf._utils.standard_error import quiet, silent_stderr
from fag_tf.errors import InputError

__all__ = [
    "LARGEST_SIDE",
    "Channels",
    "ImageSource",
    "PictureFile",
    "name_of",
    "read_channels",
    "read_image",
    "reading",
    "stem_of",
]


class PictureFile(NamedTuple):
    """A picture file that was read elsewhere, such as on an object store.

    Attributes:
        name: what the file is called in messages.
        content: its bytes.
    """

    name: str
    content: bytes


ImageSource = str | os.PathLike[str] | PictureFile | Image.Image | NDArray[Any]
"""A picture file, its content, a Pillow image, or an array."""

LARGEST_SIDE = 2048
"""Greatest side in pixels; larger pictures are averaged down, because a table has 128 pixels."""

LEAST_SIDE = 3

_FORMATS = (
    *("PNG", "JPEG", "TIFF", "BMP", "DIB", "GIF", "WEBP", "JPEG2000", "PPM"),
    *("TGA", "PCX", "SGI", "QOI"),
)
"""Formats that are read. Pillow knows more, and finds a format by the content of a file: one that
begins as PostScript would be handed to Ghostscript, which runs it.
"""

_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_REDUCIBLE = ("L", "LA", "RGB", "RGBA")

# Errors of Pillow's readers for truncated or damaged files.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, ArithmeticError, IndexError, MemoryError)

_Floats = NDArray[np.float32]


class Channels(NamedTuple):
    """A picture in its upright orientation.

    Attributes:
        colour: colour `[H, W, 1 or 3]` in [0, 1].
        opacity: opacity `[H, W]`; None for a file without.
        block: how many pixels of the file, along each side, were averaged into one.
    """

    colour: NDArray[np.float32]
    opacity: NDArray[np.float32] | None
    block: int


def stem_of(source: ImageSource) -> str:
    """Short name of a picture: that of its file, or "picture"."""
    named = isinstance(source, (str, os.PathLike, PictureFile))
    return Path(name_of(source)).stem if named else "picture"


def name_of(source: ImageSource) -> str:
    """Name of a picture in messages: its file, or a text for arrays and images."""
    if isinstance(source, PictureFile):
        return source.name
    return str(source) if isinstance(source, (str, os.PathLike)) else "the picture given"


def read_channels(source: ImageSource) -> Channels:
    """Read a picture in its upright orientation; of several frames only the first.

    Args:
        source: a file (PNG, JPEG, TIFF, BMP, GIF, WebP, HEIC, ...), a Pillow image, or an array
            `[H, W]` or `[H, W, C]` with 1 to 4 channels C. The last of 2 or 4 channels is opacity.
            Values are bytes, 16-bit integers, booleans, or floats in [0, 1].

    Raises:
        InputError: the file is missing, broken, not a picture, or far too small or large.
    """
    path = name_of(source)
    with reading(path):
        upright, drafted = _upright(source, LARGEST_SIDE)
        width, height = upright.size
        if min(width, height) < LEAST_SIDE:
            raise InputError(f"{path} is {width} x {height} pixels; an object needs more")
        block = -(-max(width, height) // LARGEST_SIDE)
        if block > 1 and upright.mode in _REDUCIBLE:
            upright, values_block = upright.reduce(block), 1
        else:
            values_block = block
        values, scale = _values(upright)
        with np.errstate(all="ignore"):  # later code reports values that are not finite
            channels = _averaged_down(values, values_block) / np.float32(scale)
    if not np.all(np.isfinite(channels)):
        raise InputError(f"{path} has pixels that are not finite numbers")
    if channels.shape[2] in (2, 4):
        return Channels(channels[..., :-1], channels[..., -1], block * drafted)
    return Channels(channels, None, block * drafted)


def read_image(source: ImageSource) -> Image.Image:
    """Read a picture in its upright orientation and full size.

    Raises:
        InputError: as `read_channels`.
    """
    with reading(name_of(source)):
        return _upright(source)[0]


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    """Say in one line why a picture cannot be read.

    Raises:
        InputError: what happens in the block says that the picture is missing, broken, or none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is not a picture that can be read, such as a PNG") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"{path} has too many pixels; make it smaller") from error
    except FileNotFoundError as error:
        raise InputError(f"picture {path} does not exist") from error
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError(f"cannot read picture {path}: {_first_line(error)}") from error


def _upright(source: ImageSource, enough: int | None = None) -> tuple[Image.Image, int]:
    """The upright picture, and how many pixels of the file along each side are one of it.

    Args:
        source: as of `read_channels`.
        enough: pixels of the longer side that are enough. A JPEG that has twice as many or more is
            decoded at a half, a quarter or an eighth of its size, which is much faster.
    """
    if isinstance(source, Image.Image):
        return ImageOps.exif_transpose(source), 1
    if isinstance(source, np.ndarray):
        return _image_of(source), 1
    file = io.BytesIO(source.content) if isinstance(source, PictureFile) else Path(source)
    # Pillow's logger tells of damaged files on the standard error, if nobody has set it up.
    with quiet("PIL"), Image.open(file, formats=_formats(source)) as image:
        drafted = 1
        if enough is not None and image.format == "JPEG":
            fits = [n for n in (8, 4, 2) if max(image.size) >= n * enough]
            if fits:
                columns, rows = image.size
                image.draft(None, (-(-columns // fits[0]), -(-rows // fits[0])))
                drafted = round(columns / image.size[0])
        # libtiff speaks to the standard error of the process.
        with silent_stderr() if image.format == "TIFF" else contextlib.nullcontext():
            image.load()
        return ImageOps.exif_transpose(image), drafted


def _formats(source: str | os.PathLike[str] | PictureFile) -> tuple[str, ...]:
    """The formats that a file may have; with HEIC if it is one and can be read.

    Raises:
        InputError: it is HEIC, and the extra `photo` is not installed.
    """
    if isinstance(source, PictureFile):
        head = source.content[:12]
    else:
        with Path(source).open("rb") as file:
            head = file.read(12)
    if head[4:8] != b"ftyp" or head[8:12] not in _HEIC_BRANDS:
        return _FORMATS
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise InputError(
            f"{name_of(source)} is a HEIC picture; reading it needs pillow-heif, which is not "
            "installed: pip install 'fag-tf[photo]', or save it as JPEG"
        ) from error
    register_heif_opener(thumbnails=False)
    return ("HEIF",)


def _image_of(array: NDArray[Any]) -> Image.Image:
    """An array as a Pillow image, in the mode that fits its channels and type."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    channels = array.shape[2] if array.ndim == 3 else 1
    kind = array.dtype.kind
    if array.ndim not in (2, 3) or not 1 <= channels <= 4 or kind not in "biuf":
        raise InputError(
            f"a picture cannot be an array {list(array.shape)} of {array.dtype}; it must be "
            "[H, W] or [H, W, C] of 1 to 4 channels, of bytes or of floats in [0, 1]"
        )
    if kind == "b":
        return Image.fromarray(array.astype(np.uint8) * 255)
    if array.dtype == np.uint8:
        return Image.fromarray(array)
    if channels == 1:
        return Image.fromarray(array.astype(np.float32 if kind == "f" else np.int32))
    if kind != "f" or not np.all((array >= 0.0) & (array <= 1.0)):
        raise InputError(
            f"a picture of {channels} channels must be of bytes, or of floats in [0, 1]; "
            f"it is of {array.dtype}"
        )
    return Image.fromarray(np.round(255.0 * array).astype(np.uint8))


def _first_line(error: BaseException) -> str:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(reason).splitlines()[0]


def _values(image: Image.Image) -> tuple[NDArray[Any], float]:
    """All channels `[H, W, C]`, and the value of white; with even C the last channel is opacity."""
    if image.mode == "1":
        image = image.convert("L")
    if image.mode == "F" or image.mode.startswith("I"):
        values: NDArray[Any] = np.asarray(image)[..., None]
        # These files do not store a scale: floats use 1, integers use 8 or 16 bits.
        greatest = float(np.nanmax(values, initial=0.0))
        scales = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        return values, next((scale for scale in scales if greatest <= scale), greatest)
    if "A" in image.getbands() or "transparency" in image.info:
        mode = "LA" if image.mode == "LA" else "RGBA"
    else:
        mode = "L" if image.mode == "L" else "RGB"
    channels = np.asarray(image.convert(mode))
    return channels.reshape(*channels.shape[:2], -1), 255.0


def _averaged_down(values: NDArray[Any], block: int) -> _Floats:
    """The picture with the averages of square blocks."""
    if block <= 1:
        return values.astype(np.float32)
    rows, columns = (-(-side // block) * block for side in values.shape[:2])
    pad = ((0, rows - values.shape[0]), (0, columns - values.shape[1]), (0, 0))
    blocks = np.pad(values, pad, mode="edge").reshape(
        rows // block, block, columns // block, block, -1
    )
    return blocks.mean(axis=(1, 3), dtype=np.float32)
