"""Depth pictures and the intrinsics of their cameras, read from files."""

import json
import math
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fag_tf._utils.files import read_text
from fag_tf._utils.standard_error import quiet, silent_stderr
from fag_tf.errors import InputError

__all__ = ["DEPTH_SUFFIXES", "Intrinsics", "parse_intrinsics", "read_depth"]

DEPTH_SUFFIXES = (".png", ".tif", ".tiff", ".npy", ".npz")

_MOST_PIXELS = 32_000_000
_MOST_TEXT = 1 << 20
_LEAST_SIDE = 16
_MILLIMETRES = 0.001
# Nothing is matched in two ways, so the time grows with the text and not with its square.
_NUMBER = r"[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?"
# The camera's matrix, row by row, as ROS writes it: K (or k), or camera_matrix with its data.
_MATRIX = re.compile(
    r"(?:\bk\b|camera_matrix)[\"']?\s*+:[^\[\-]{0,200}?"
    rf"(?:\[\s*+({_NUMBER}(?:\s*+,\s*+{_NUMBER}){{8}})\s*+(?:,\s*+)?\]"
    rf"|((?:-\s++{_NUMBER}\s*+){{9}}))",
    re.IGNORECASE,
)


class Intrinsics(NamedTuple):
    """A pinhole camera: the pixel of a point (x right, y down, z ahead) is fx x / z + cx, ...

    Attributes:
        fx: focal length in columns.
        fy: focal length in rows.
        cx: column of the optical axis; whole numbers are the centres of pixels.
        cy: row of the optical axis.
    """

    fx: float
    fy: float
    cx: float
    cy: float


def parse_intrinsics(text: str) -> Intrinsics:
    """Read `fx,fy,cx,cy`, or the camera matrix in a camera-info file (YAML or JSON).

    Of a file the entry `K`, `k` or `camera_matrix` counts; distortion is passed over, so pictures
    should be rectified.

    Raises:
        InputError: it is neither, or no camera has such numbers.
    """
    if Path(text).suffix.lower() in (".yaml", ".yml", ".json"):
        values = _camera_info(Path(text))
    else:
        try:
            values = [float(word) for word in text.split(",")]
        except ValueError:
            values = []
        if len(values) != 4:
            raise InputError(
                f"--intrinsics is {text!r:.100}; it must be fx,fy,cx,cy in pixels, or a file of "
                "camera info (.yaml, .json)"
            )
    if not (all(map(math.isfinite, values)) and values[0] > 0 and values[1] > 0):
        raise InputError(f"intrinsics are {values}; fx and fy must be above 0, in pixels")
    return Intrinsics(*values)


def _camera_info(path: Path) -> list[float]:
    text = read_text(path, _MOST_TEXT)
    if path.suffix.lower() == ".json":
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path} is not readable as JSON: {error}") from error
    found = _MATRIX.search(text)
    if found is None:
        raise InputError(f"{path} holds no camera matrix: K, or camera_matrix with nine numbers")
    matrix = [float(number) for number in re.findall(_NUMBER, found[1] or found[2])]
    return [matrix[0], matrix[4], matrix[2], matrix[5]]


def read_depth(path: str | Path, scale: float | None = None) -> NDArray[np.float64]:
    """Read a depth picture: how far ahead of the camera each pixel is.

    Args:
        path: a picture of one channel (PNG or TIFF of 16 bits, TIFF of floats), or an array
            `[H, W]` in `.npy`, or in `.npz` alone or under the name `depth`.
        scale: metres of one unit of the file; if None, 0.001 for whole numbers and 1 for floats.

    Returns:
        Depths `[H, W]`, m; not a number where the file has 0, a negative or no number.

    Raises:
        InputError: the file cannot be read, is too large, or holds no depths.
    """
    path = Path(path)
    if scale is not None and not (math.isfinite(scale) and scale > 0):
        raise InputError(f"--depth-scale is {scale}; it must be metres of one unit, such as 0.001")
    suffix = path.suffix.lower()
    if suffix not in DEPTH_SUFFIXES:
        raise InputError(f"{path} is no depth picture; it must end in {', '.join(DEPTH_SUFFIXES)}")
    values = _array(path, suffix) if suffix in (".npy", ".npz") else _pixels(path)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim != 2 or values.dtype.kind not in "uif" or values.dtype == np.uint8:
        raise InputError(
            f"{path} holds {list(values.shape)} of {values.dtype}; a depth picture is [H, W] of "
            "16-bit numbers or floats"
        )
    if min(values.shape) < _LEAST_SIDE:
        raise InputError(f"{path} is {values.shape[1]} x {values.shape[0]} pixels; it needs more")
    if scale is None:
        scale = 1.0 if values.dtype.kind == "f" else _MILLIMETRES
    with np.errstate(all="ignore"):  # what is no number is missing
        depth = values.astype(np.float64) * scale
    depth[~(np.isfinite(depth) & (depth > 0))] = np.nan
    if not np.isfinite(depth).any():
        raise InputError(f"{path} holds no depth: all of it is 0 or missing")
    return depth


def _pixels(path: Path) -> NDArray[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with quiet("PIL"), Image.open(path, formats=("PNG", "TIFF")) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise InputError(f"{path} has too many pixels; make it smaller")
                if len(image.getbands()) != 1 or image.mode not in ("I", "F", "I;16", "I;16B"):
                    raise InputError(
                        f"{path} is a picture of mode {image.mode}; a depth picture has one "
                        "channel of 16 bits or floats"
                    )
                with silent_stderr():  # libtiff
                    return np.array(image)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"depth picture {path} does not exist") from error
    except Exception as error:  # Pillow's readers raise anything on damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"cannot read depth picture {path}: {reason}") from error


def _array(path: Path, suffix: str) -> NDArray[Any]:
    most = 8 * _MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers that Python 2 wrote
            return _loaded(path, suffix, most)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"depth picture {path} does not exist") from error
    except Exception as error:  # such as a header that promises more than there is
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} is not readable as an array of numbers: {reason}") from error


def _loaded(path: Path, suffix: str, most: int) -> NDArray[Any]:
    if suffix == ".npz":
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > most:
                raise InputError(f"{path} holds too much; a depth picture is smaller")
        with np.load(path, allow_pickle=False) as arrays:
            names = list(arrays)
            if "depth" not in names and len(names) != 1:
                raise InputError(
                    f"{path} holds {', '.join(names) or 'nothing'}; name the array depth"
                )
            return np.asarray(arrays["depth" if "depth" in names else names[0]])
    if path.stat().st_size > most:
        raise InputError(f"{path} holds too much; a depth picture is smaller")
    return np.asarray(np.load(path, allow_pickle=False))
