"""Why no grasp of a part holds, in words."""

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.feasibility.exact_sampling import draw_near, most_tries
from fag_tf.environments.planar_grasp.feasibility.obstacles import (
    Neighbours,
    clear_of,
    joined,
)
from fag_tf.environments.planar_grasp.feasibility.rules import feasibility, first_broken_rule
from fag_tf.environments.planar_grasp.gripper import Gripper

__all__ = ["narrowest_width", "reason_for_none"]

_TRIES = 40_000
_SEED = 0
# What breaking each rule means, from rule 1 on.
_STOPPED = (
    "lie off the table",
    "come down on it with a finger",
    "have nothing between the pads",
    "seat no pad",
    "have pads that do not oppose each other",
    "hang aslant",
)
_COMPACT = 0.9  # share of the convex hull that a part without limbs fills


def narrowest_width(part: shapely.Polygon) -> float:
    """Least distance of two parallel lines that hold the part between them, m.

    One of the lines runs along an edge of the convex hull (rotating calipers).
    """
    hull = shapely.get_coordinates(shapely.convex_hull(part))
    edge = np.diff(hull, axis=0)
    length = np.hypot(edge[:, 0], edge[:, 1])
    normal = np.stack([-edge[:, 1], edge[:, 0]], axis=1)[length > 0] / length[length > 0, None]
    # One edge at a time, because a hull may have many points.
    return min(float(np.ptp(hull @ direction)) for direction in normal)


def reason_for_none(part: shapely.Polygon, gripper: Gripper, neighbours: Neighbours = ()) -> str:
    """Say what keeps every grasp of a part from holding.

    The grasps tried are uniform around the part, without the bound by `max_lever`. The rule that
    the best of them break is the reason.

    Args:
        part: one valid polygon, m, in the table's frame, of which no feasible grasp was found.
        gripper: the jaw.
        neighbours: polygons that no finger may meet, m.

    Returns:
        A clause such as `its narrowest width, 120 mm, exceeds the opening, 85 mm`.
    """
    rng = np.random.default_rng(_SEED)
    tries = min(_TRIES, most_tries(part))
    grasps, _ = draw_near(part, gripper, tries, rng, any_lever=True)
    broken = first_broken_rule(part, gripper, grasps)
    held = grasps[broken == 0]
    others = joined(neighbours)
    if len(held) and not others.is_empty:
        told = _blocked(broken, int((~clear_of(others, part, gripper, held)).sum()))
        return f"{told}; {_more_room(float(shapely.distance(part, others)), gripper)} would help"
    if len(held):
        return "it can be held, but none of the grasps that were tried holds"
    furthest = int(broken.max())
    if furthest < 6 and feasibility(part, gripper, grasps, anywhere=True).any():
        return "it holds only where the midpoint between the pads lies off the table"
    width = narrowest_width(part)
    if width > gripper.opening and furthest <= 5:
        # Of an outline with bays and holes the jaw may hold a limb, whatever the width of it all.
        compact = part.area > _COMPACT * shapely.convex_hull(part).area
        limbs = "" if compact else ", and no limb of it was found that both pads could hold"
        return (
            f"its narrowest width, {1e3 * width:.4g} mm, exceeds the opening, "
            f"{1e3 * gripper.opening:.4g} mm{limbs}"
        )
    if furthest <= 4:
        return (
            "no place was found where both pads seat; friction "
            f"{gripper.friction:g} and compliance {1e3 * gripper.compliance:g} mm ask for faces "
            "that are more nearly parallel"
        )
    if furthest == 5:
        return "the two pads nowhere meet faces that oppose each other"
    return (
        "where the jaw would hold it, the centre of mass is nowhere within max_lever, "
        f"{1e3 * gripper.max_lever:g} mm, of the closing line"
    )


def _blocked(broken: NDArray[np.signedinteger], met: int) -> str:
    """That neighbours are in the way, with what stopped how many of the grasps tried.

    Args:
        broken: the first rule that each grasp breaks, `[n]`.
        met: number of grasps that break none and meet a neighbour.
    """
    counts = np.bincount(broken, minlength=len(_STOPPED) + 1)
    stopped = [
        f"{number:,} {words}" for number, words in zip(counts[1:], _STOPPED, strict=True) if number
    ]
    held = int(counts[0])
    every = "wherever the jaw would hold it" if met == held else "almost wherever the jaw holds it"
    which = f"all {met:,}" if met == held else f"{met:,} of the {held:,}"
    return (
        f"{every}, a finger meets a neighbour, open or on its way: of {len(broken):,} grasps "
        f"spread evenly around it {', '.join(stopped)}, and {which} that hold it meet a neighbour"
    )


def _more_room(gap: float, gripper: Gripper) -> str:
    """What would let a finger in beside the part, whose nearest neighbour is `gap` off, m."""
    if gap >= gripper.finger_thickness:
        return "a smaller opening or more room between the parts"
    return (
        f"the nearest is {1e3 * gap:.2g} mm off and a finger {1e3 * gripper.finger_thickness:.3g} "
        "mm thick: thinner fingers or more room between the parts"
    )
