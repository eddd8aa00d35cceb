"""Tracing of an object's outline in an image of area shares, where pixels are half covered."""

import itertools

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["traced"]

_PIN_HOLE = 4.0  # pixels


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
