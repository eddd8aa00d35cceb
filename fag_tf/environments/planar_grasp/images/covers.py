"""The objects of a picture in its own pixels, and the one that is to be grasped."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.images.perspective import SheetView
from fag_tf.environments.planar_grasp.images.separation import SOLID, Objects, simpler
from fag_tf.environments.planar_grasp.parts.choice import SHOWN, Choice, chosen
from fag_tf.environments.planar_grasp.pixel_frame import PixelFrame
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, longest_side
from fag_tf.errors import InputError

__all__ = ["Cover", "PictureObjects"]

CUT_SHARE = 0.25  # share of the picture's edge above which the object is ambiguous
# The rules take long for the corners of an outline that is finer than matters: m, and share of it.
_FINEST, _FINEST_SHARE = 1.5e-4, 0.002

_Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Cover:
    """An object of a picture, in the picture's pixels.

    Attributes:
        share: share of each pixel that the object covers, float32 `[H, W]`, row 0 on top.
        width: width of the picture on the table, m.
        notes: notes for the user, one sentence each.
        pixels: the pixels of the file.
        colour: the picture's colours `[H, W, 1 or 3]`, in the same pixels as `share`.
        outline: outline of its largest piece, m, with the picture's middle at the origin and y up.
        neighbours: outlines of the other objects, m.
        confidence: how sure the outline is, from 0 to 1; 1 for a silhouette.
    """

    share: _Floats
    width: float
    notes: tuple[str, ...]
    pixels: PixelFrame | SheetView
    colour: _Floats
    outline: shapely.Polygon
    neighbours: tuple[shapely.Polygon, ...] = ()
    confidence: float = 1.0

    @property
    def pitch(self) -> float:
        """Side of a pixel of `share` on the table, m."""
        return self.width / self.share.shape[1]

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
        colour: colours `[H, W, 1 or 3]` of the picture that the objects were told apart in.
        width: width of the picture on the table, m.
        notes: notes for the user, one sentence each.
        block: how many pixels of the file, along each side, are one pixel of that picture.
        clear: whether transparency or a mask tells the objects from the background.
        view: the camera, if the picture was straightened by a sheet; its frame is the sheet's.
        confidence: how sure the outlines are, from 0 to 1; 1 for silhouettes.
    """

    path: str
    objects: Objects
    colour: _Floats
    width: float
    notes: tuple[str, ...]
    block: int
    clear: bool
    view: SheetView | None = None
    confidence: float = 1.0

    @property
    def pixels(self) -> PixelFrame | SheetView:
        """The pixels of the file."""
        if self.view is not None:
            return self.view
        rows, columns = (self.block * side for side in self.colour.shape[:2])
        return PixelFrame(self.width / columns, columns, rows)

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
        outlines = self.outlines()
        seen = [shapely.transform(each, self._in_pixels) for each in outlines]
        return chosen(outlines, self.path, choice, SHOWN, seen)

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
        return Cover(
            share,
            self.width,
            tuple(notes),
            self.pixels,
            self.colour,
            simpler(outline, min(_FINEST, _FINEST_SHARE * longest_side(outline))),
            tuple(neighbours),
            self.confidence,
        )

    def _metres(self, outline: shapely.Polygon) -> shapely.Polygon:
        return shapely.transform(outline, lambda xy: xy * (self.width / self.colour.shape[1]))

    def _in_pixels(self, xy: NDArray[Any]) -> NDArray[np.float64]:
        return np.stack(self.pixels.of(xy), axis=1)


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
