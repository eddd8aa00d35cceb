"""Means over square windows, and masks made wider or narrower, as fast for large ones as small."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["closed", "narrowed", "widened", "window_means"]

_Floats = NDArray[np.float32]
_Booleans = NDArray[np.bool_]


def window_means(values: NDArray[np.generic], reach: int) -> _Floats:
    """Means `[H, W, ...]` over `2 reach + 1` rows and columns; beyond the edge all is 0."""
    result = np.asarray(values, np.float32)
    if reach < 1:
        return result
    for axis in (0, 1):
        pad = [(0, 0)] * result.ndim
        pad[axis] = (reach + 1, reach)
        sums = np.cumsum(np.pad(result, pad), axis=axis, dtype=np.float64)
        # Slices, since `np.take` would copy.
        lines = np.moveaxis(sums, axis, 0)
        means = lines[2 * reach + 1 :] - lines[: -2 * reach - 1]
        means /= 2 * reach + 1
        result = np.moveaxis(means, 0, axis).astype(np.float32, order="C")
    return result


def widened(mask: _Booleans, reach: int) -> _Booleans:
    """The pixels of a mask `[H, W]` and those up to `reach` rows and columns from them."""
    return window_means(mask, reach) > 0.4 / (2 * reach + 1) ** 2 if reach > 0 else mask.copy()


def narrowed(mask: _Booleans, reach: int) -> _Booleans:
    """The pixels of a mask `[H, W]` all whose neighbours are in it; beyond the edge all are."""
    return ~widened(~mask, reach)


def closed(mask: _Booleans, reach: int) -> _Booleans:
    """A mask `[H, W]` with gaps of up to `2 reach` pixels filled (a disc's closing, nearly)."""
    if reach < 1:
        return mask.copy()
    wide = np.pad(mask, reach)
    return narrowed(widened(wide, reach), reach)[reach:-reach, reach:-reach] | mask
