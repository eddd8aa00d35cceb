"""Connected pieces of a picture of booleans, and pieces with a margin around them.

Pixels that share a side or a corner belong together. Importing `scipy.ndimage`, which does the
same, takes longer than reading a picture.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["connected", "grown"]

_Booleans = NDArray[np.bool_]
_Indices = NDArray[np.intp]


def connected(mask: _Booleans) -> tuple[_Indices, int]:
    """Number the connected pieces of a picture.

    Args:
        mask: which pixels belong to a piece, `[H, W]`.

    Returns:
        The number of each pixel's piece `[H, W]`, 0 outside all pieces; and how many pieces there
        are. They are numbered from 1 in the order of their first pixels, row by row.
    """
    height, width = mask.shape
    # One row of pixels after the other, each with an empty pixel at its end: runs end there.
    stride = width + 1
    line = np.zeros(height * stride + 1, bool)
    line[1:].reshape(height, stride)[:, :width] = mask
    start, end = np.flatnonzero(line[1:] != line[:-1]).reshape(-1, 2).T
    # A run touches those of the next row that begin at its end or before, and end at its start or
    # after; both by one pixel more than runs of the same row would, which is the corner.
    first = np.searchsorted(end, start + stride, "left")
    number = np.searchsorted(start, end + stride, "right") - first
    above = np.repeat(np.arange(len(start)), number)
    below = np.arange(len(above)) + np.repeat(first - (np.cumsum(number) - number), number)
    root = _roots(above, below, len(start))
    is_root = root == np.arange(len(root))
    pieces = np.zeros(mask.shape, np.intp)
    pieces[mask] = np.repeat(np.cumsum(is_root)[root], end - start)
    return pieces, int(is_root.sum())


def _roots(one: _Indices, other: _Indices, count: int) -> _Indices:
    """The least index that each of `count` indices is joined to by the pairs of `one` and `other`.

    All pairs are joined at once, the greater root to the lesser, until both are the same.
    """
    root = np.arange(count)
    while len(one):
        np.minimum.at(root, np.maximum(root[one], root[other]), np.minimum(root[one], root[other]))
        while not np.array_equal(root, root[root]):
            root = root[root]
        apart = root[one] != root[other]
        one, other = one[apart], other[apart]
    return root


def grown(mask: _Booleans, margin: int) -> _Booleans:
    """The pixels of a picture `[H, W]` and those up to `margin` rows and columns from them."""
    rows = mask.copy()
    for step in range(1, margin + 1):
        rows[step:] |= mask[:-step]
        rows[:-step] |= mask[step:]
    both = rows.copy()
    for step in range(1, margin + 1):
        both[:, step:] |= rows[:, :-step]
        both[:, :-step] |= rows[:, step:]
    return both
