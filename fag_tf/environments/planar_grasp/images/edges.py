"""How much of each pixel at a part's edge the part covers, by the colours on both sides nearby.

A pixel at the edge lies between the colour of the part there and that of what is beside it,
background or shadow. Both are means over pixels that are surely one or the other. So neither a
gradient of light nor a part of several colours shifts the edge.
"""

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.windows import narrowed, widened, window_means

__all__ = ["edge_cover", "soft_edge"]

_FADED = 0.6  # share of the usual contrast
_THIRD, _SPREADS = 0.2, 4.0  # off the line between two colours: shares of it; and of the noise
_WEAK = 3.0  # spreads of the noise below which an edge is not seen

_Floats = NDArray[np.float32]
_Booleans = NDArray[np.bool_]


def edge_cover(picture: _Floats, part: _Booleans, noise: float, reach: int) -> _Floats:
    """Share of each pixel that a part covers.

    Args:
        picture: colours `[H, W, C]`.
        part: pixels `[H, W]` that are more likely the part than not.
        noise: spread of the background's colours.
        reach: pixels on both sides of the edge that may be mixed.

    Returns:
        Shares `[H, W]`.
    """
    inner, outer = narrowed(part, reach), ~widened(part, reach)
    band = ~(inner | outer)
    if not band.any():
        return part.astype(np.float32)
    own, own_seen = _colours(picture, inner, part, 2 * reach + 1)
    other, other_seen = _colours(picture, outer, ~part, 2 * reach + 1)
    step = own - other
    square = (step**2).sum(axis=2)
    share = ((picture - other) * step).sum(axis=2) / np.maximum(square, 1e-9)
    seen = own_seen & other_seen & (square > (_WEAK * noise) ** 2)
    # A narrow shadow between part and background is a third colour, and mixes neither of the two.
    off = ((picture - other - share[..., None] * step) ** 2).sum(axis=2)
    third = (off > _THIRD**2 * square + (_SPREADS * noise) ** 2) & ~part
    share = np.where(third, np.float32(0.0), share)
    share = np.where(seen, np.clip(share, 0.0, 1.0), part)
    # Far from the edge, as in a streak of glare, a colour says less than its surroundings do.
    return np.where(band, share, part).astype(np.float32)


def soft_edge(apart: _Floats, part: _Booleans, level: float, reach: int) -> float:
    """Share of a part's edge beside which it fades, further in than the lens and the noise blur.

    Args:
        apart: how far `[H, W]` each pixel's colour is from the background's.
        part: the pixels `[H, W]` of the part.
        level: what `apart` usually is in the part.
        reach: pixels on both sides of the edge that may be mixed.
    """
    rim = part & ~narrowed(part, reach + 2) & narrowed(part, reach)
    if not rim.any():
        return 0.0
    return float(np.mean(apart[rim] < _FADED * level))


def _colours(
    picture: _Floats, sure: _Booleans, likely: _Booleans, reach: int
) -> tuple[_Floats, _Booleans]:
    """Mean colours `[H, W, C]` of the sure pixels around each, and where there are any.

    Where a part is thinner than its edges are wide, the likely pixels stand in for the sure ones.
    """
    count = window_means(sure, reach)
    sums = window_means(picture * sure[..., None], reach)
    few = count < 1e-6
    if few.any():
        count = np.where(few, window_means(likely, reach), count)
        instead = window_means(picture * likely[..., None], reach)
        sums = np.where(few[..., None], instead, sums)
    seen = count > 1e-6
    return np.asarray(sums / np.maximum(count, 1e-6)[..., None], np.float32), seen
