"""The objects of a picture, told apart: which pixels are whose, and their outlines.

Objects are numbered from left to right, by their leftmost column and then by their lowest row.
Only pieces that are solid somewhere count, and no specks.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.connected import connected, grown
from fag_tf.environments.planar_grasp.images.corners import sharpened
from fag_tf.environments.planar_grasp.parts.outlines import simplified, traced
from fag_tf.errors import InputError

__all__ = ["FAINT", "SOLID", "SPECK_SHARE", "Objects", "simpler"]

SPECK_SHARE = 0.01  # share of the largest object's area
FAINT, SOLID = 0.25, 0.5  # a piece is connected above FAINT and somewhere above SOLID
_SOFT = 2  # pixels around an object that hold the faint part of a soft edge
_DETAIL = 0.25  # pixels of a simplified outline

_Floats = NDArray[np.float32]


class Objects:
    """The objects of a picture.

    Args:
        share: share of each pixel that any object covers, float32 `[H, W]`, row 0 on top.
    """

    def __init__(self, share: _Floats) -> None:
        self._share = share
        self._pieces, count = connected(share > FAINT)
        area = np.bincount(self._pieces.ravel(), share.ravel(), count + 1)
        solid = np.bincount(self._pieces[share > SOLID], minlength=count + 1) > 0
        area[~solid] = 0.0
        area[0] = 0.0
        large = np.flatnonzero((area > 0) & (area >= SPECK_SHARE * area.max()))
        row, column = np.nonzero(self._pieces)
        piece = self._pieces[row, column]
        self._first, self._last = np.full((2, 2, count + 1), -1)
        self._first += 1 + max(share.shape)
        for axis, at in enumerate((row, column)):
            np.minimum.at(self._first[axis], piece, at)
            np.maximum.at(self._last[axis], piece, at)
        order = np.lexsort((-self._last[0][large], self._first[1][large]))
        self._labels = large[order].tolist()
        self._outlines: dict[int, list[shapely.Polygon]] = {}

    def __len__(self) -> int:
        return len(self._labels)

    def alone(self, number: int) -> _Floats:
        """The picture `[H, W]` with one object only, and its soft edge."""
        whole = np.zeros_like(self._share)
        window = self._window(number)
        whole[window] = self._cut(number, window)
        return whole

    def outlines(self, number: int) -> list[shapely.Polygon]:
        """Outlines of the pieces of an object, the largest first, where pixels are half covered.

        They are in pixels, with the middle of the picture at the origin and y up.
        """
        if number not in self._outlines:
            window = self._window(number)
            pieces = traced(self._cut(number, window))
            (top, bottom), (left, right) = ((each.start, each.stop) for each in window)
            height, width = self._share.shape
            shift = np.array([0.5 * (left + right - width), 0.5 * (height - top - bottom)])
            pieces = [shapely.transform(each, lambda xy: xy + shift) for each in pieces]
            pieces = [simpler(sharpened(each)) for each in pieces]
            self._outlines[number] = sorted(pieces, key=lambda each: -each.area)
        return self._outlines[number]

    def _window(self, number: int) -> tuple[slice, slice]:
        """Rows and columns that hold an object and its soft edge."""
        label = self._labels[number]
        top, left = self._first[:, label] - _SOFT
        bottom, right = self._last[:, label] + _SOFT + 1
        height, width = self._share.shape
        return (
            slice(int(max(0, top)), int(min(height, bottom))),
            slice(int(max(0, left)), int(min(width, right))),
        )

    def _cut(self, number: int, window: tuple[slice, slice]) -> _Floats:
        pieces = self._pieces[window]
        own = pieces == self._labels[number]
        others = grown((pieces > 0) & ~own, 1)
        cut = np.where(own | (grown(own, _SOFT) & ~others), self._share[window], np.float32(0.0))
        return cut.astype(np.float32)


def simpler(outline: shapely.Polygon, detail: float = _DETAIL) -> shapely.Polygon:
    """The outline with fewer corners; as it is, if it has more than can be simplified.

    Args:
        outline: what was traced.
        detail: how far a corner may be from the new outline, in its units.
    """
    try:
        return simplified(outline, detail, "the picture")
    except InputError:
        return outline
