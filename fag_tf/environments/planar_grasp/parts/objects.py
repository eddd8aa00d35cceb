"""Parts as a user gives them: by a name, a seed or a file."""

import os
from pathlib import Path

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.parts.files import (
    PART_SUFFIXES,
    PICTURE_SUFFIXES,
    read_part,
    trace_part,
)
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES, named_part
from fag_tf.environments.planar_grasp.parts.random import random_part
from fag_tf.environments.planar_grasp.parts.svg import SVG_SUFFIXES, read_svg
from fag_tf.environments.planar_grasp.workspace import longest_side, size_remark
from fag_tf.errors import InputError

__all__ = ["RANDOM", "check_extent", "keep_object", "read_object"]

RANDOM = "random:"
"""Prefix of the seed of a random part. Training draws such parts too, but never this part."""

_FILE_SUFFIXES = PART_SUFFIXES + SVG_SUFFIXES + PICTURE_SUFFIXES

# Makes the random numbers differ from those of other parts with small seeds.
_STREAM = 20_011

# No wrong unit explains a size beyond these limits, and results would be rounding errors.
LEAST_EXTENT, GREATEST_EXTENT = 1e-6, 1e6  # m


def read_object(
    text: str,
    units: str | None = None,
    scale: float | None = None,
    width_m: float | None = None,
    largest: bool = False,
) -> tuple[str, shapely.Polygon, tuple[str, ...]]:
    """Read a part that a user names.

    A named or random part is centred and not turned. A part from a file stays in the frame of the
    file.

    Args:
        text: a name, `random:` and a seed, or a file (WKT, GeoJSON, SVG or a silhouette).
        units: unit of a file of coordinates; metres if None. For SVG see
            `fag_tf.environments.planar_grasp.parts.svg`.
        scale: factor by which the part is enlarged about the origin; 1 if None.
        width_m: width of the image of a silhouette, m; if None, the image, padded to a square, is
            the whole table.
        largest: whether to take the largest object if a silhouette shows several.

    Returns:
        The name, the outline in the table's frame, m, and notes for the user.

    Raises:
        InputError: there is no such part or file, the file cannot be used, or an option does not
            fit the kind of part.
    """
    path = Path(text)
    suffix = path.suffix.lower()
    factor = 1.0 if scale is None else scale
    if not (np.isfinite(factor) and factor > 0):
        raise InputError(f"scale is {factor}; it must be a number above 0")
    if suffix not in PICTURE_SUFFIXES and width_m is not None:
        raise InputError(f"{text} is no picture, so it has no width; leave out --width-m")
    if suffix not in PICTURE_SUFFIXES and largest:
        raise InputError(f"{text} is no picture, it holds one object; leave out --largest")
    if suffix not in PART_SUFFIXES + SVG_SUFFIXES and units is not None:
        raise InputError(f"{text} is no file of coordinates, so it has no units; leave out --units")
    notes: tuple[str, ...] = ()
    if suffix in PICTURE_SUFFIXES:
        name, option = path.stem, "--width-m"
        part, notes = trace_part(path, width_m, largest, factor)
    elif suffix in SVG_SUFFIXES:
        name, option = path.stem, "--units or --scale"
        part, notes = read_svg(path, units, factor)
    elif suffix in PART_SUFFIXES:
        name, option = path.stem, "--units"
        part = read_part(path, units or "m", factor)
    elif text.startswith(RANDOM):
        name, option = text, "--scale"
        part = shapely.transform(random_part(_rng(text)), lambda xy: xy * factor)
    elif suffix or os.sep in text or path.exists():
        raise InputError(_no_part(text, path))
    else:
        name, part = named_part(text)
        option = "--scale"
        part = shapely.transform(part, lambda xy: xy * factor)
    check_extent(part, f"object {text}", f"is {option} right?")
    remark = size_remark(longest_side(part), option)
    return name, part, notes if remark is None else (*notes, remark)


def check_extent(part: shapely.Polygon, what: str, doubt: str) -> None:
    """Check that the size of a part is plausible.

    Args:
        part: outline of the part, m.
        what: name of the part, for the error message.
        doubt: question to the user about the option that sets the size, for the error message.

    Raises:
        InputError: the greatest coordinate is below `LEAST_EXTENT` or above `GREATEST_EXTENT`.
    """
    reach = float(np.abs(part.bounds).max())
    if not LEAST_EXTENT <= reach <= GREATEST_EXTENT:
        raise InputError(
            f"{what} reaches {reach:.2g} m from the table's centre, no size of a part; {doubt}"
        )


def keep_object(
    text: str,
    units: str | None = None,
    scale: float | None = None,
    width_m: float | None = None,
    largest: bool = False,
) -> tuple[str | dict[str, str], tuple[str, ...]]:
    """Read a part for the configuration of a run, which then no longer needs the part's file.

    Args:
        text: `text` of `read_object`.
        units: `units` of `read_object`.
        scale: `scale` of `read_object`.
        width_m: `width_m` of `read_object`.
        largest: `largest` of `read_object`.

    Returns:
        An entry of `parts` of `PlanarGrasp`, and notes for the user. The entry is the text of a
        named or random part without a scale, or otherwise the name and outline (WKT, m) of the
        part.

    Raises:
        InputError: `read_object` raises it.
    """
    name, part, notes = read_object(text, units, scale, width_m, largest)
    if scale in (None, 1.0) and Path(text).suffix.lower() not in _FILE_SUFFIXES:
        return name, notes
    return {"name": name, "outline": shapely.to_wkt(part, rounding_precision=-1)}, notes


def _rng(text: str) -> np.random.Generator:
    seed = text.removeprefix(RANDOM)
    if not (seed.isascii() and seed.isdigit()):
        raise InputError(f"object {text!r} has no seed; write {RANDOM}7, say")
    return np.random.default_rng([_STREAM, int(seed)])


def _no_part(text: str, path: Path) -> str:
    if path.is_dir():
        return f"object {text!r} is a directory; name a file or one of {', '.join(PART_NAMES)}"
    if path.exists():
        return (
            f"object {text} is no file of a part; its name must end in {', '.join(_FILE_SUFFIXES)}"
        )
    return f"object {text} does not exist; name a file or one of {', '.join(PART_NAMES)}"
