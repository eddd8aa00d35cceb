"""Where grasps lie in the picture that they were drawn from."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PixelFrame"]


class PixelFrame(NamedTuple):
    """The pixels of a picture on the table.

    Columns count to the right and rows down, from 0, in the upright picture. Whole numbers are the
    centres of pixels: the picture reaches from -0.5 to `columns - 0.5`.

    Attributes:
        pitch: side of a pixel on the table, m.
        columns: number of columns of the picture, whose middle is the table's origin.
        rows: number of rows of the picture.
    """

    pitch: float
    columns: int
    rows: int

    def of(self, xy: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Columns and rows `[n]` of points `[n, 2]` of the table, m."""
        x, y = np.asarray(xy, np.float64).T / self.pitch
        return x + 0.5 * (self.columns - 1), 0.5 * (self.rows - 1) - y

    def shows(self, xy: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether points `[..., 2]` of the table, m, are in the picture, `[...]`."""
        half = 0.5 * self.pitch * np.array([self.columns, self.rows])
        return np.all(np.abs(xy) <= half, axis=-1)
