"""Tracing of an object's outline in an image of area shares, where pixels are half covered."""

import itertools
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.errors import InputError

__all__ = ["simplified", "traced"]

_PIN_HOLE = 4.0  # pixels
# Before simplification; the second bound is half of what fits into a stack of 8 MB.
_MOST_TRACED, _MOST_IN_RING = 200_000, 25_000


def traced(share: NDArray[np.floating]) -> list[shapely.Polygon]:
    """Trace the objects in an image, with all holes larger than 4 pixels.

    Args:
        share: covered share of each pixel, `[H, W]`. Row 0 is at the top.

    Returns:
        Polygons in pixels, with the centre of the image at the origin and y up. The list may be
        empty.
    """
    import contourpy  # only pictures are traced

    height, width = share.shape
    tracer = contourpy.contour_generator(
        np.arange(-1, width + 1) + 0.5 - width / 2,
        height / 2 - (np.arange(-1, height + 1) + 0.5),
        np.pad(share, 1),  # closes an outline at the border of the image
        fill_type=contourpy.FillType.OuterOffset,
    )
    pieces = []
    for points, offsets in zip(*tracer.filled(0.5, 2.0), strict=True):
        rings = [points[a:b] for a, b in itertools.pairwise(offsets)]
        holes = [ring for ring in rings[1:] if shapely.Polygon(ring).area > _PIN_HOLE]
        pieces.append(shapely.Polygon(rings[0], holes))
    return pieces


def simplified(polygon: shapely.Geometry, tolerance: float, source: str | Path) -> shapely.Geometry:
    """A polygon with fewer corners, none farther than a tolerance from where it was.

    Args:
        polygon: what was drawn or traced.
        tolerance: in its units.
        source: name of the file, for error messages.

    Raises:
        InputError: it has more corners than GEOS can take: it calls itself for each corner of a
            ring in the worst case, and compares all with all.
    """
    parts = shapely.get_parts(polygon)
    rings = shapely.get_num_coordinates(shapely.get_rings(parts))
    if rings.sum() > _MOST_TRACED or rings.max(initial=0) > _MOST_IN_RING:
        raise InputError(
            f"the outline in {source} has {rings.sum():,} points; it may have {_MOST_TRACED:,}, "
            f"and one line of it {_MOST_IN_RING:,}: simplify the drawing, or make the picture "
            "smaller"
        )
    return shapely.simplify(polygon, tolerance)
