"""All parts of a file, and each of them with the others as its neighbours."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from fag_tf.environments.planar_grasp.parts.choice import DRAWN, Choice, chosen
from fag_tf.environments.planar_grasp.parts.files import trace_cover
from fag_tf.environments.planar_grasp.workspace import longest_side, size_remark
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.environments.planar_grasp.images.covers import PictureObjects

__all__ = ["DrawnParts", "ObjectFile", "Parts", "PicturedParts", "check_extent"]

# No wrong unit explains a size beyond these limits, and results would be rounding errors.
LEAST_EXTENT, GREATEST_EXTENT = 1e-6, 1e6  # m


class ObjectFile(NamedTuple):
    """A part that a user named, in the table's frame.

    Attributes:
        name: for titles.
        part: its outline, m.
        neighbours: outlines of the other parts of the same file, m.
        notes: what the user should know, a sentence each.
    """

    name: str
    part: shapely.Polygon
    neighbours: tuple[shapely.Polygon, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Parts:
    """All parts that a text names: those of a file, or the only one.

    Attributes:
        text: what names them.
        name: for titles.
        option: what a user could have got wrong if a size is odd.
        notes: what the user should know of all, a sentence each.
    """

    text: str
    name: str
    option: str
    notes: tuple[str, ...]

    def __len__(self) -> int:
        raise NotImplementedError

    def chosen(self, choice: Choice) -> int:
        """Number of the part that is chosen; parts are numbered from left to right.

        Raises:
            InputError: there are several and none is chosen, or none is the one that is chosen.
        """
        raise NotImplementedError

    def outline(self, number: int, largest: bool) -> tuple[shapely.Polygon, tuple[str, ...]]:
        """The outline of one part, m, and notes.

        Args:
            number: of the part.
            largest: whether the largest piece will do for a part that falls into several.

        Raises:
            InputError: the part is not one polygon.
        """
        raise NotImplementedError

    def others(self, number: int) -> list[shapely.Polygon]:
        """The outlines of all other parts, m."""
        raise NotImplementedError

    def part(self, number: int, center: bool = False, largest: bool = False) -> ObjectFile:
        """One part, and the others as its neighbours.

        Args:
            number: of the part.
            center: whether all are moved so that the centroid of its area is the origin.
            largest: see `outline`.

        Raises:
            InputError: the part is not one polygon, or its size is not plausible.
        """
        part, notes = self.outline(number, largest)
        polygons = [part, *self.others(number)]
        if center:
            middle = shapely.get_coordinates(shapely.centroid(part))[0]
            polygons = [shapely.transform(each, lambda xy: xy - middle) for each in polygons]
        part, *others = polygons
        check_extent(part, f"object {self.text}", f"is {self.option} right?")
        remark = size_remark(longest_side(part), self.option)
        notes = notes if remark is None else (*notes, remark)
        return ObjectFile(self.name, part, tuple(others), notes)


@dataclass(frozen=True)
class DrawnParts(Parts):
    """Parts of known outlines.

    Attributes:
        polygons: their outlines, m, from left to right.
    """

    polygons: tuple[shapely.Polygon, ...]

    def __len__(self) -> int:
        return len(self.polygons)

    def chosen(self, choice: Choice) -> int:
        """See `Parts.chosen`."""
        return chosen(self.polygons, self.text, choice, DRAWN)

    def outline(self, number: int, largest: bool) -> tuple[shapely.Polygon, tuple[str, ...]]:
        """See `Parts.outline`."""
        part, count = self.polygons[number], len(self) - 1
        if not count:
            return part, self.notes
        others = f"the {count} other parts" if count > 1 else "the other part"
        verb = "count as obstacles" if count > 1 else "counts as an obstacle"
        return part, (*self.notes, f"{others} of {self.text} {verb}")

    def others(self, number: int) -> list[shapely.Polygon]:
        """See `Parts.others`."""
        return [each for other, each in enumerate(self.polygons) if other != number]


@dataclass(frozen=True)
class PicturedParts(Parts):
    """Parts of a picture, traced where pixels are half covered.

    Attributes:
        found: the objects of the picture.
        factor: by which the parts are enlarged about its middle.
    """

    found: "PictureObjects"
    factor: float

    def __len__(self) -> int:
        return len(self.found.objects)

    def chosen(self, choice: Choice) -> int:
        """See `Parts.chosen`."""
        if choice.select is not None:
            x, y = choice.select
            choice = Choice(select=(x / self.factor, y / self.factor))
        return self.found.chosen(choice)

    def outline(self, number: int, largest: bool) -> tuple[shapely.Polygon, tuple[str, ...]]:
        """See `Parts.outline`."""
        cover = self.found.cover(number)
        return trace_cover(cover, Path(self.text), largest, self.factor), cover.notes

    def others(self, number: int) -> list[shapely.Polygon]:
        """See `Parts.others`."""
        return [
            shapely.transform(each, lambda xy: xy * self.factor)
            for each in self.found.cover(number).neighbours
        ]


def check_extent(part: shapely.Polygon, what: str, doubt: str) -> None:
    """Check that the size of a part is plausible.

    Args:
        part: outline of the part, m.
        what: name of the part, for the error message.
        doubt: question to the user about the option that sets the size, for the error message.

    Raises:
        InputError: the greatest coordinate is below `LEAST_EXTENT` or above `GREATEST_EXTENT`.
    """
    reach = float(np.abs(part.bounds).max())
    if not LEAST_EXTENT <= reach <= GREATEST_EXTENT:
        raise InputError(
            f"{what} reaches {reach:.2g} m from the table's centre, no size of a part; {doubt}"
        )
