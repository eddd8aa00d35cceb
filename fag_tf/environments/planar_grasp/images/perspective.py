"""A photograph of a sheet of known size, straightened: seen from straight above, to scale.

The four corners of a sheet in a photograph determine the perspective map from the table to the
picture (a homography), and with it where each pixel of the table's surface lies, in metres. The
frame has its origin at the sheet's centre, x along its first side, from its first corner to its
second, and y away from it, up where the first corner is the upper left one.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fag_tf.environments.planar_grasp.images.files import ImageSource, name_of, read_image
from fag_tf.environments.planar_grasp.images.sheet import find_sheet, refined_corners
from fag_tf.errors import InputError

__all__ = ["SHEETS", "SheetView", "Straightened", "parse_corners", "parse_sheet", "straighten"]

SHEETS = {
    "a5": (0.210, 0.148),
    "a4": (0.297, 0.210),
    "a3": (0.420, 0.297),
    "letter": (0.2794, 0.2159),
}
"""Sizes of sheets by name: the longer side and the shorter one, m."""

_CUT = 0.003  # m: cut off at each edge, so that the border is paper
_FINEST, _MOST = 0.00015, 1800  # m: least side of a pixel; pixels of the longer side
_LARGEST = 3.0  # m
_SEARCHED = 2048  # pixels of the longer side of the picture in which the sheet is looked for
_LEAST_TURN = 0.02  # of the corner, as the sine of its angle

_Doubles = NDArray[np.float64]


class SheetView(NamedTuple):
    """A camera over a sheet.

    Attributes:
        matrix: the homography `[3, 3]` that takes points of the table, m, to the pixels of the
            file; whole numbers are the centres of pixels.
    """

    matrix: _Doubles

    def of(self, xy: NDArray[Any]) -> tuple[_Doubles, _Doubles]:
        """Columns and rows `[n]` of points `[n, 2]` of the table, m."""
        column, row = _moved(self.matrix, np.asarray(xy, np.float64)).T
        return column, row


class Straightened(NamedTuple):
    """A sheet as from straight above.

    Attributes:
        image: the sheet without a rim.
        width: width of the image, m.
        view: the camera.
        corners: the sheet's corners in the file `[4, 2]`, column and row.
        mask: the mask, straightened too.
    """

    image: Image.Image
    width: float
    view: SheetView
    corners: _Doubles
    mask: Image.Image | None


def parse_sheet(text: str) -> tuple[float, float]:
    """Width and height of a sheet, m: of a name such as `a4`, or of `W,H`.

    Raises:
        InputError: the text is neither.
    """
    named = SHEETS.get(text.strip().lower())
    if named is not None:
        return named
    try:
        width, height = (float(word) for word in text.split(","))
    except ValueError:
        width = height = math.nan
    if not (0.01 <= width <= _LARGEST and 0.01 <= height <= _LARGEST):
        raise InputError(
            f"a sheet is {', '.join(SHEETS)}, or its width and height W,H in m, from 0.01 to "
            f"{_LARGEST:g}; not {text!r:.60}"
        )
    return width, height


def parse_corners(text: str) -> _Doubles:
    """Four corners `[4, 2]`, column and row, of a text `x,y x,y x,y x,y`.

    Raises:
        InputError: there are not four finite pairs, or they are no convex quadrilateral.
    """
    try:
        corners = np.array([[float(n) for n in word.split(",")] for word in text.split()])
    except ValueError:
        corners = np.empty(0)
    if corners.shape != (4, 2) or not np.all(np.isfinite(corners)):
        raise InputError(
            "corners are four pixels 'x,y x,y x,y x,y' (upper left, upper right, lower right, "
            f"lower left of the sheet); not {text!r:.80}"
        )
    sides = np.roll(corners, -1, axis=0) - corners
    after = np.roll(sides, -1, axis=0)
    turn = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    lengths = np.linalg.norm(sides, axis=1) * np.linalg.norm(after, axis=1)
    if not np.all(turn > _LEAST_TURN * lengths):
        raise InputError(
            f"the corners {text} do not go round a sheet clockwise: upper left, upper right, "
            "lower right, lower left"
        )
    return corners


def straighten(
    source: ImageSource,
    size: tuple[float, float],
    corners: _Doubles | None = None,
    mask: Image.Image | None = None,
) -> Straightened:
    """See the sheet in a photograph from straight above.

    Args:
        source: the photograph, see `images.files.read_channels`.
        size: width and height of the sheet, m: of the sides from the first corner to the second
            and from the second to the third.
        corners: where the sheet's corners are, `[4, 2]`, column and row in the upright photograph;
            None finds the sheet. Its longer side is then taken for the longer one of `size`.
        mask: a silhouette of the photograph's size.

    Raises:
        InputError: the photograph cannot be read, no sheet is found, or a corner lies far outside.
    """
    photo = read_image(source)
    if photo.mode not in ("L", "RGB"):
        photo = photo.convert("RGB")
    if corners is None:
        corners = _found(photo, name_of(source), size)
    spare = 0.5 * np.array(photo.size)
    if np.any(corners < -spare) or np.any(corners > photo.size + spare):
        raise InputError(
            f"corners lie outside {name_of(source)}, which is {photo.width} x {photo.height} pixels"
        )
    w, h = size
    table = 0.5 * np.array([(-w, h), (w, h), (w, -h), (-w, -h)])
    view = SheetView(_homography(table, corners))
    cut = min(_CUT, 0.05 * min(size))
    longest = max(size) - 2 * cut
    pitch = max(_FINEST, longest / _MOST, 0.7 * longest / max(photo.size))
    columns, rows = (max(8, round((side - 2 * cut) / pitch)) for side in size)
    width = w - 2 * cut
    pitch = width / columns
    # From the result's pixels, whose upper left corner is 0, 0, to the table and to the photo's.
    place = np.array(
        [[pitch, 0, -0.5 * columns * pitch], [0, -pitch, 0.5 * rows * pitch], [0, 0, 1]]
    )
    back = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]]) @ view.matrix @ place
    turned = tuple((back / back[2, 2]).flatten()[:8].tolist())

    def seen(image: Image.Image, filling: Image.Resampling) -> Image.Image:
        return image.transform((columns, rows), Image.Transform.PERSPECTIVE, turned, filling)

    straight = None if mask is None else seen(mask.convert("L"), Image.Resampling.BILINEAR)
    image = seen(photo, Image.Resampling.BICUBIC)
    return Straightened(image, width, view, corners, straight)


def _found(photo: Image.Image, name: str, size: tuple[float, float]) -> _Doubles:
    """Corners of the sheet in a photograph, so that the first side is the first of `size`."""
    block = -(-max(photo.size) // _SEARCHED)
    small = photo.reduce(block) if block > 1 else photo
    values = np.asarray(small, np.float32).reshape(small.height, small.width, -1) / np.float32(255)
    sheet = find_sheet(values, 1.0)
    if sheet is None:
        raise InputError(
            f"no sheet with a part on it is found in {name}; the table must show around the "
            "sheet, or give its corners (--corners)"
        )
    corners = refined_corners(values, sheet.corners)
    corners = (corners + 0.5) * block - 0.5
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    across, down = sides[0] + sides[2], sides[1] + sides[3]
    if (across > down) != (size[0] > size[1]) and size[0] != size[1]:
        corners = np.roll(corners, 1, axis=0)
    return corners


def _homography(source: _Doubles, target: _Doubles) -> _Doubles:
    """The perspective map `[3, 3]` that takes four points `[4, 2]` to four others."""
    rows, right = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(right)), 1.0).reshape(3, 3)


def _moved(matrix: _Doubles, points: _Doubles) -> _Doubles:
    mapped = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])
