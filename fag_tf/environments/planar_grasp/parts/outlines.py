"""The outline of an object in a picture of area shares: where it is half covered."""

import itertools

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["traced"]

_PIN_HOLE = 4.0  # pixels


def traced(share: NDArray[np.floating]) -> list[shapely.Polygon]:
    """Trace the objects in a picture, holes but for pin holes included.

    Args:
        share: covered share of each pixel, `[H, W]`, row 0 the top.

    Returns:
        Polygons in pixels, the picture's centre at the origin, y up; perhaps none.
    """
    height, width = share.shape
    tracer = contourpy.contour_generator(
        np.arange(-1, width + 1) + 0.5 - width / 2,
        height / 2 - (np.arange(-1, height + 1) + 0.5),
        np.pad(share, 1),  # closes the outline of an object at the border
        fill_type=contourpy.FillType.OuterOffset,
    )
    pieces = []
    for points, offsets in zip(*tracer.filled(0.5, 2.0), strict=True):
        rings = [points[a:b] for a, b in itertools.pairwise(offsets)]
        holes = [ring for ring in rings[1:] if shapely.Polygon(ring).area > _PIN_HOLE]
        pieces.append(shapely.Polygon(rings[0], holes))
    return pieces
