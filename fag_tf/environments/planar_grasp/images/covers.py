"""The objects of a picture in its own pixels, and the one that is to be grasped."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.separation import SOLID, Objects
from fag_tf.environments.planar_grasp.parts.choice import SHOWN, Choice, chosen
from fag_tf.environments.planar_grasp.pixel_frame import PixelFrame
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.errors import InputError

__all__ = ["Cover", "PictureObjects"]

CUT_SHARE = 0.25  # share of the picture's edge above which the object is ambiguous

_Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Cover:
    """An object of a picture, in the picture's pixels.

    Attributes:
        share: share of each pixel that the object covers, float32 `[H, W]`, row 0 on top.
        width: width of the picture on the table, m.
        notes: notes for the user, one sentence each.
        block: how many pixels of the file, along each side, are one pixel of `share`.
        outline: outline of its largest piece, m, with the picture's middle at the origin and y up.
        neighbours: outlines of the other objects, m.
    """

    share: _Floats
    width: float
    notes: tuple[str, ...]
    block: int
    outline: shapely.Polygon
    neighbours: tuple[shapely.Polygon, ...] = ()

    @property
    def pitch(self) -> float:
        """Side of a pixel of `share` on the table, m."""
        return self.width / self.share.shape[1]

    @property
    def pixels(self) -> PixelFrame:
        """The pixels of the file."""
        rows, columns = (self.block * side for side in self.share.shape)
        return PixelFrame(self.width / columns, columns, rows)

    def window(
        self, middle: tuple[float, float], size: int, side: float = TABLE_SIDE
    ) -> NDArray[np.float32]:
        """The object in a square of the table: the share of each pixel that it covers.

        Args:
            middle: of the square in the picture's frame, m.
            size: pixels of a side of the result.
            side: of the square, m.

        Returns:
            float32 `[size, size]`, row 0 on top.
        """
        height, width = self.share.shape
        rows = _averaging(height, self.pitch, size, -middle[1], side)  # which go down
        columns = _averaging(width, self.pitch, size, middle[0], side)
        occupancy = rows @ self.share @ columns.T
        # Values below a grey step of 16 bits are rounding errors.
        occupancy[occupancy < 1e-6] = 0.0
        return np.clip(occupancy, 0.0, 1.0).astype(np.float32)


@dataclass(frozen=True)
class PictureObjects:
    """All objects of a picture.

    Attributes:
        path: name of the picture.
        objects: which pixels are whose.
        shape: rows and columns of the picture that the objects were told apart in.
        width: width of the picture on the table, m.
        notes: notes for the user, one sentence each.
        block: how many pixels of the file, along each side, are one pixel of that picture.
        clear: whether transparency tells the objects from the background.
    """

    path: str
    objects: Objects
    shape: tuple[int, int]
    width: float
    notes: tuple[str, ...]
    block: int
    clear: bool

    def outlines(self) -> list[shapely.Polygon]:
        """Outline of the largest piece of each object, m, from left to right."""
        return [self._metres(self.objects.outlines(each)[0]) for each in range(len(self.objects))]

    def chosen(self, choice: Choice) -> int:
        """Number of the object that is chosen.

        Raises:
            InputError: there are several and none is chosen, or none is the one that is chosen.
        """
        if len(self.objects) == 1 and not (set(choice.given()) - {"--largest"}):
            return 0
        rows, columns = self.shape
        seen = [
            shapely.transform(
                self.objects.outlines(each)[0],
                lambda xy: self.block * (xy * [1, -1] + 0.5 * np.array([columns, rows])) - 0.5,
            )
            for each in range(len(self.objects))
        ]
        return chosen(self.outlines(), self.path, choice, SHOWN, seen)

    def cover(self, number: int) -> Cover:
        """One of the objects; the others are its neighbours.

        Raises:
            InputError: it cannot be told from the background.
        """
        share, notes = self.objects.alone(number), list(self.notes)
        if len(self.objects) > 1:
            notes.append("the other objects beside it count as obstacles")
        touching, cornered = _at_edge(share)
        if not self.clear and (touching > CUT_SHARE or cornered):
            raise InputError(
                f"the object in {self.path} takes {touching:.0%} of the picture's edge"
                f"{' and a corner' * cornered} and cannot be told from the background; "
                "leave a margin around it"
            )
        if touching > 0:
            meant = ", taken to be what differs from most of the picture's border,"
            notes.append(
                f"the object{'' if self.clear else meant} touches the picture's edge; "
                "is it all there?"
            )
        others = (each for each in range(len(self.objects)) if each != number)
        neighbours = (
            self._metres(piece) for each in others for piece in self.objects.outlines(each)
        )
        outline = self._metres(self.objects.outlines(number)[0])
        return Cover(share, self.width, tuple(notes), self.block, outline, tuple(neighbours))

    def _metres(self, outline: shapely.Polygon) -> shapely.Polygon:
        return shapely.transform(outline, lambda xy: xy * (self.width / self.shape[1]))


def _at_edge(cover: _Floats) -> tuple[float, bool]:
    """Share of the outermost pixels that the object covers, and whether it covers a corner."""
    solid = cover > SOLID
    edge = np.concatenate([solid[0], solid[-1], solid[1:-1, 0], solid[1:-1, -1]])
    corners = solid[[0, 0, -1, -1], [0, -1, 0, -1]]
    return float(edge.mean()), bool(corners.any())


def _averaging(
    pixels: int, pitch: float, size: int, middle: float, side: float
) -> NDArray[np.float64]:
    """Share of each pixel's extent of a square in each picture pixel, `[size, pixels]`.

    `middle` is where the middle of the square lies from that of the picture, m, and `side` its
    side. Area averaging is separable, so this matrix applies to the rows and to the columns.
    """
    table = (np.arange(size + 1) - size / 2) * (side / size)
    picture = (np.arange(pixels + 1) - pixels / 2) * pitch - middle
    low = np.maximum(table[:-1, None], picture[None, :-1])
    high = np.minimum(table[1:, None], picture[None, 1:])
    return np.maximum(high - low, 0.0) * (size / side)
