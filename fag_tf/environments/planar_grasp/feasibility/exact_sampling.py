"""Grasps that hold by the exact rules, drawn evenly from the outline alone, without a model.

Rejection draws uniformly in the region that holds all feasible grasps and keeps those that satisfy
the rules, so what it keeps is uniform on the feasible set. Where the set is so small that the bound
on tries is reached first, walks draw the rest. A walk is a Metropolis chain with symmetric steps
whose target is uniform on the feasible set. It starts at a grasp that rejection found, which is
uniform, and every step keeps that distribution. So each grasp of a walk is uniform too; only the
grasps of one walk resemble each other.
"""

import math
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.feasibility.obstacles import (
    Neighbours,
    holds_beside,
    joined,
)
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE

__all__ = ["ExactDraws", "draw_exact", "draw_near", "most_tries", "walk"]

# Checks of one edge for one grasp, and grasps, that rejection may take: some seconds.
_MOST_EDGE_CHECKS, _MOST_TRIES = 200_000_000, 4_000_000
_ROUND = 20_000

# Longest move (m) and turn (rad) of a step. Each is shortened by a power of _SHORTER, drawn at
# random, because the feasible set may be long and narrow.
_LONGEST_MOVE, _LONGEST_TURN = 0.02, np.pi / 9
_SHORTER, _POWERS = 0.2, 6
_STEPS_A_GRASP = 32
_MOST_WALKS = 4096


class ExactDraws(NamedTuple):
    """Grasps that are uniform on the feasible set.

    Attributes:
        action: the grasps in random order, `[K', 3]` float32, m and rad. K' is 0 if rejection found
            none, else as many as were asked for.
        rejected_from: number of grasps that rejection tried.
        found: number of grasps among them that hold; all others in `action` are from walks.
        volume: estimate of the volume of the feasible set, m^2 rad; 0 if none was found.
    """

    action: NDArray[np.float32]
    rejected_from: int
    found: int
    volume: float


def most_tries(part: shapely.Polygon) -> int:
    """Greatest number of grasps that rejection tries for a part, by the number of its edges."""
    edges = len(shapely.get_coordinates(part))
    return max(1000, min(_MOST_TRIES, _MOST_EDGE_CHECKS // edges))


def draw_near(
    part: shapely.Polygon,
    gripper: Gripper,
    count: int,
    rng: np.random.Generator,
    *,
    any_lever: bool = False,
) -> tuple[NDArray[np.float32], float]:
    """Draw grasps uniformly in a region that holds all feasible ones.

    In the frame of the jaw, the centre of mass is at most `max_lever` from the closing line (rule
    6), and along it at most the reach of the part plus half the opening from the midpoint.

    Args:
        part: one valid polygon, m, in the table's frame.
        gripper: the jaw.
        count: number of grasps.
        rng: draws them.
        any_lever: whether to leave out the bound by `max_lever`.

    Returns:
        Grasps `[count, 3]` float32 and the volume of the region, m^2 rad.
    """
    xy = shapely.get_coordinates(part)
    centre = shapely.get_coordinates(shapely.centroid(part))[0]
    reach = float(np.sqrt(((xy - centre) ** 2).sum(axis=1).max()))
    along = reach + 0.5 * gripper.opening
    across = reach + 0.5 * gripper.pad_width
    if not any_lever:
        across = min(across, gripper.max_lever)
    u, v, theta = rng.uniform((-along, -across, 0.0), (along, across, np.pi), (count, 3)).T
    x = centre[0] + u * np.cos(theta) - v * np.sin(theta)
    y = centre[1] + u * np.sin(theta) + v * np.cos(theta)
    grasps = np.stack([x, y, theta], axis=1).astype(np.float32)
    return ACTION_SPACE.wrap(grasps), 4.0 * math.pi * along * across


def draw_exact(
    part: shapely.Polygon,
    gripper: Gripper,
    count: int,
    rng: np.random.Generator,
    max_tries: int | None = None,
    neighbours: Neighbours = (),
) -> ExactDraws:
    """Draw grasps uniformly on the feasible set of a part.

    Args:
        part: one valid polygon, m, in the table's frame.
        gripper: the jaw.
        count: number of grasps wanted.
        rng: draws them.
        max_tries: greatest number of grasps that rejection tries; `most_tries(part)` if None.
        neighbours: polygons that no finger may meet, m. A grasp that meets one does not hold.
    """
    limit = most_tries(part) if max_tries is None else max_tries
    neighbours = joined(neighbours)
    kept = [np.empty((0, 3), np.float32)]
    found, tried, region = 0, 0, 0.0
    while found < count and tried < limit:
        grasps, region = draw_near(part, gripper, min(_ROUND, limit - tried), rng)
        holds = holds_beside(neighbours, part, gripper, grasps)
        kept.append(grasps[holds])
        tried += len(grasps)
        found += len(kept[-1])
    starts = np.concatenate(kept)
    volume = region * found / tried
    if found >= count or not found:
        return ExactDraws(starts[:count], tried, min(found, count), volume)
    more = walk(part, gripper, starts, count - found, rng, neighbours)
    order = rng.permutation(count)
    return ExactDraws(np.concatenate([starts, more])[order], tried, found, volume)


def walk(
    part: shapely.Polygon,
    gripper: Gripper,
    starts: NDArray[np.float32],
    count: int,
    rng: np.random.Generator,
    neighbours: Neighbours = (),
) -> NDArray[np.float32]:
    """Draw grasps that hold by walks within the feasible set.

    Args:
        part: one valid polygon, m, in the table's frame.
        gripper: the jaw.
        starts: grasps that hold, `[S, 3]`, S at least 1, in random order. Each is the start of at
            least one walk.
        count: number of grasps wanted.
        rng: draws the steps.
        neighbours: polygons that no finger may meet, m.

    Returns:
        Grasps `[count, 3]` float32. They are uniform on the feasible set if the starts are.
    """
    neighbours = joined(neighbours)
    walks = min(max(len(starts), math.ceil(count / 16)), count, _MOST_WALKS)
    at = np.resize(starts, (walks, 3))
    visited: list[NDArray[np.float32]] = []
    for _ in range(math.ceil(count / walks)):
        for number in range(_STEPS_A_GRASP):
            to = _step(at, turning=number % 2 == 1, rng=rng)
            holds = holds_beside(neighbours, part, gripper, to)
            at = np.where(holds[:, None], to, at)
        visited.append(at)
    return np.concatenate(visited)[:count]


def _step(at: NDArray[np.float32], turning: bool, rng: np.random.Generator) -> NDArray[np.float32]:
    """Where grasps `[W, 3]` may go next. A step and its reverse have the same density.

    A step without a turn moves along u and along v by lengths of their own. One with a turn cannot,
    because the frame of its reverse would be another; it has one length for both.
    """
    walks = len(at)
    scale = _SHORTER ** rng.integers(_POWERS, size=(walks, 3)).astype(np.float64)
    if turning:
        scale[:, 1] = scale[:, 0]
    du, dv, turn = (scale * rng.uniform(-1.0, 1.0, (walks, 3))).T * _LONGEST_MOVE
    turn *= turning * _LONGEST_TURN / _LONGEST_MOVE
    if turning:
        dx, dy = du, dv
    else:
        cos, sin = np.cos(at[:, 2]), np.sin(at[:, 2])
        dx, dy = du * cos - dv * sin, du * sin + dv * cos
    to = at + np.stack([dx, dy, turn], axis=1)
    return ACTION_SPACE.wrap(to.astype(np.float32))
