"""A square of the table as a model sees it, with part and gripper enlarged or reduced alike.

The rules know no scale: with every length multiplied by one factor, verdicts stay. A model sees
a table of a fixed side in pixels of some 2 mm. So a small part is seen better through a smaller
square that is enlarged to that side, if the gripper, enlarged too, is still one that the model was
trained on. In the same way a part that is larger than the table fits on it when it is reduced.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.gripper import FIELDS, RANGES, UNITS, Gripper
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE, TABLE_SIDE, longest_side
from fag_tf.spaces import Observation

__all__ = ["View", "scaled", "view_scale"]

# Longest side of an enlarged part, m, and share of a range's upper end that an enlarged gripper
# may reach: beyond either, enlarging no longer made the shipped model more precise.
_LONG_ENOUGH, _RANGE_SHARE = 0.15, 0.9
_WORTH_IT = 1.05  # the least factor that is worth a new picture

Ranges = Mapping[str, tuple[float | None, float | None]]
"""Least and greatest value of each number of a gripper; None where there is no bound."""


@dataclass(frozen=True)
class View:
    """A square of the table, enlarged by a factor to the side of the table.

    Attributes:
        image: the object in it, float32 `[H, H]`.
        gripper: the jaw, enlarged by the factor.
        scale: the factor k.
        middle: of the square in the table's frame, m.
    """

    image: NDArray[np.float32]
    gripper: Gripper
    scale: float = 1.0
    middle: tuple[float, float] = (0.0, 0.0)

    @property
    def is_table(self) -> bool:
        """Whether the square is the table itself."""
        return self.scale == 1.0 and self.middle == (0.0, 0.0)

    def observation(self) -> Observation:
        """What a model takes: `image` `[1, H, H, 1]` and `gripper` `[1, 6]`."""
        return {"image": self.image[None, ..., None], "gripper": self.gripper.vector()[None]}

    def to_table(self, actions: NDArray[Any]) -> NDArray[np.float32]:
        """Grasps `[..., 3]` of the view in the table's frame, m and rad."""
        if self.is_table:
            return actions
        moved = np.array(actions, np.float64)
        moved[..., :2] = moved[..., :2] / self.scale + self.middle
        return moved.astype(np.float32)

    def on_table(self, actions: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether the midpoints of grasps `[n, 3]` of the table's frame lie on the table."""
        half = np.array([axis.high for axis in ACTION_SPACE.axes[:2]])
        return np.asarray((np.abs(actions[:, :2]) <= half).all(axis=1))


def scaled(gripper: Gripper, factor: float) -> Gripper:
    """The gripper with all its lengths multiplied by a factor."""
    lengths = [name for name in FIELDS if UNITS[name] == "m"]
    return dataclasses.replace(
        gripper, **{name: factor * getattr(gripper, name) for name in lengths}
    )


def view_scale(
    outline: shapely.Polygon, gripper: Gripper, ranges: Ranges = RANGES, finest: float | None = None
) -> float:
    """By which factor part and gripper are best enlarged for a model.

    Args:
        outline: of the part, m.
        gripper: the jaw.
        ranges: of the grippers that the model was trained on.
        finest: the greatest factor that the resolution of what was read allows; None if there is
            no bound.

    Returns:
        1 if the part and the gripper are of a good size as they are, or nothing helps.
    """
    least, most, best = 0.0, math.inf, math.inf
    for name in FIELDS:
        low, high = ranges[name]
        value = getattr(gripper, name)
        if UNITS[name] != "m" or low is None or high is None:
            continue
        least, most = max(least, low / value), min(most, high / value)
        best = min(best, _RANGE_SHARE * high / value)
    x0, y0, x1, y1 = outline.bounds
    reach = 0.5 * max(x1 - x0, y1 - y0)
    half = 0.5 * TABLE_SIDE
    # Of a grasp, the midpoint between the pads is at most half the opening from the part.
    best = min(best, half / (reach + 0.5 * gripper.opening))
    fits = half / reach
    if math.isinf(most) or least > min(most, fits):
        return 1.0
    if least <= 1.0 <= min(most, fits):  # reducing what is seen well would lose detail
        best = min(best, _LONG_ENOUGH / longest_side(outline))
        best = best if finest is None else min(best, finest)
        return best if best >= _WORTH_IT else 1.0
    return float(np.clip(best, least, min(most, fits)))
