"""The table: its side, the axes of a grasp on it, where a part lies, and how large it may be."""

from typing import NamedTuple

import numpy as np
import shapely

from fag_tf.spaces import ActionSpace, Axis

__all__ = [
    "ACTION_SPACE",
    "GREATEST_PART",
    "LEAST_AREA",
    "LEAST_PART",
    "LONGEST_SIDE",
    "TABLE_SIDE",
    "Pose",
    "centred",
    "longest_side",
    "size_remark",
    "table_middle",
]

TABLE_SIDE = 0.30
"""Side S of the square table, m; its centre is the origin."""

GREATEST_PART = 0.9
"""Greatest extent of a part, m. Larger ones would have to be reduced so much, to be seen on the
table, that models know no common gripper that is reduced alike.
"""

LEAST_AREA = 25e-6
"""Least area of an object that can be seen on the table, m^2."""

LEAST_PART = 4e-6
"""Least area of a part that is enlarged to be seen, m^2, such as a nut M1.6. Smaller ones are most
often of another unit.
"""

LONGEST_SIDE = (0.05, 0.17)
"""Least and greatest longest side of a part that models are trained on, m."""

ACTION_SPACE = ActionSpace(
    [
        Axis("x", -TABLE_SIDE / 2, TABLE_SIDE / 2, "m"),
        Axis("y", -TABLE_SIDE / 2, TABLE_SIDE / 2, "m"),
        Axis("theta", 0.0, np.pi, "rad", periodic=True),
    ]
)
"""A grasp: the midpoint between the pads and the closing direction, in the table's frame."""


class Pose(NamedTuple):
    """Where a part lies: turned by `turn` rad about its own origin, then moved by (x, y) m."""

    x: float = 0.0
    y: float = 0.0
    turn: float = 0.0


def centred(part: shapely.Polygon) -> shapely.Polygon:
    """The part moved so that the centroid of its area is the origin."""
    centroid = shapely.get_coordinates(shapely.centroid(part))[0]
    return shapely.transform(part, lambda xy: xy - centroid)


def longest_side(part: shapely.Polygon) -> float:
    """Longer side of the smallest rectangle, at any turn, that holds the part, m."""
    # GEOS divides by zero for an outline that is thinner than rounding, and gives no rectangle.
    with np.errstate(divide="ignore", invalid="ignore"):
        rectangle = shapely.minimum_rotated_rectangle(part)
    corners = shapely.get_coordinates(rectangle)
    side = float(np.sqrt((np.diff(corners[:3], axis=0) ** 2).sum(axis=1)).max(initial=0.0))
    if side > 0.0:
        return side
    x0, y0, x1, y1 = part.bounds
    return float(max(x1 - x0, y1 - y0))


def table_middle(part: shapely.Polygon, alone: bool) -> tuple[float, float]:
    """Where the middle of the table is put for a part, in the part's frame, m.

    That is the origin, unless the part lies off that table and either is one of several, which
    cannot all lie in the middle, or is too large to lie on it at all.

    Args:
        part: outline of the part, m.
        alone: whether it is the only one.
    """
    half = 0.5 * TABLE_SIDE * (1 + 1e-9)
    x0, y0, x1, y1 = part.bounds
    if float(np.abs(part.bounds).max()) <= half:
        return 0.0, 0.0
    if alone and max(x1 - x0, y1 - y0) <= 2 * half:
        return 0.0, 0.0
    return 0.5 * (x0 + x1), 0.5 * (y0 + y1)


def size_remark(side: float, option: str, slack: float = 0.01) -> str | None:
    """What to say of an object outside the sizes that models are trained on; None of one inside.

    Args:
        side: its longest side, m.
        option: what a user could have left out or got wrong.
        slack: share of the side that measuring it may have added or lost.
    """
    low, high = LONGEST_SIDE
    if low * (1 - slack) <= side <= high * (1 + slack):
        return None
    return (
        f"the object is {side:.3g} m long, models of any part are trained on {low:g} to "
        f"{high:g} m; is {option} right?"
    )
