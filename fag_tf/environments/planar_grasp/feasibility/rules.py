"""The six rules for a grasp that holds, checked exactly from the edges of the part.

The part is moved into the frame of each grasp (u along the closing direction, v along the pads).
There its edges are cut to the band |v| < pad_width / 2 in front of the pads. Rules 2 to 5 follow
from the cut edges:

- A finger is clear if no cut edge enters it and its middle is not inside the part.
- P is the part within the closing region. If both fingers are clear, the boundary of P consists of
  cut edges and of the two sides of the band. The extents of P and of a contact patch are therefore
  the extents of cut edges. A corner of the region could change them only if a finger were inside
  the part.

The edges of holes are cut edges too. P may consist of several pieces.
"""

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE, Pose

__all__ = ["RULES", "feasibility", "first_broken_rule"]


RULES: tuple[str, ...] = (
    "feasible",
    "out of reach: the midpoint between the pads lies off the table",
    "not clear: a finger comes down on the object",
    "nothing to hold: no part of the object is between the pads",
    "a pad does not seat: its contact patch is too short for the friction",
    "the pads do not oppose each other",
    "does not hang level: the centre of mass is too far along the pads",
)
"""Meaning of each number that `first_broken_rule` gives."""

# Overlaps below this, m, count as touching, because of rounding errors.
_TOUCH = 1e-9
# Numbers in the arrays of one block of grasps, which fit into the processor's cache.
_BLOCK = 1 << 15

_Floats = NDArray[np.float64]


class _Outline(NamedTuple):
    """The rings of a part as one chain of V points, with an edge from each point to the next.

    Attributes:
        points: homogeneous coordinates (x, y, 1) of the points, m, `[3, V]`.
        joins: whether the edge after a point only joins two rings and is ignored, `[V - 1]`.
        centroid: homogeneous coordinates of the centre of area, m, `[3]`.
        radius: greatest distance of a point from the centroid, m.
    """

    points: _Floats
    joins: NDArray[np.bool_]
    centroid: _Floats
    radius: float

    @classmethod
    def of(cls, part: shapely.Polygon) -> "_Outline":
        rings = shapely.get_rings(part)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        centroid = shapely.get_coordinates(shapely.centroid(part))[0]
        return cls(
            points=np.vstack([xy.T, np.ones(len(xy))]),
            joins=ring[1:] != ring[:-1],
            centroid=np.append(centroid, 1.0),
            radius=float(np.sqrt(((xy - centroid) ** 2).sum(axis=1).max())),
        )


def _gripper_frames(actions: _Floats, pose: Pose) -> tuple[_Floats, _Floats]:
    """Rows that map a point (x, y, 1) of the part's frame to u and to v, `[n, 3]` each."""
    cos, sin = np.cos(pose.turn), np.sin(pose.turn)
    dx, dy = actions[:, 0] - pose.x, actions[:, 1] - pose.y
    x, y = cos * dx + sin * dy, cos * dy - sin * dx
    c, s = np.cos(actions[:, 2] - pose.turn), np.sin(actions[:, 2] - pose.turn)
    to_u = np.stack([c, s, -c * x - s * y], axis=1)
    to_v = np.stack([-s, c, s * x - c * y], axis=1)
    return to_u, to_v


def _extents(
    group: NDArray[np.intp], low: _Floats, high: _Floats, groups: int
) -> tuple[_Floats, _Floats]:
    """Least `low` and greatest `high` of each group, `[groups]`; +inf and -inf if it is empty."""
    least, greatest = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(least, group, low)
    np.maximum.at(greatest, group, high)
    return least, greatest


def _between_pads(
    outline: _Outline, gripper: Gripper, to_u: _Floats, to_v: _Floats
) -> NDArray[np.int8]:
    """Number of the first of rules 2 to 5 that each grasp breaks, `[n]`; 0 if it breaks none."""
    n = len(to_u)
    reach = 0.5 * gripper.opening
    half_pad = 0.5 * gripper.pad_width - _TOUCH
    u, v = to_u @ outline.points, to_v @ outline.points

    # An edge passes through the band if a side of the band separates its ends or an end is inside.
    side = (v > -half_pad).view(np.int8) + (v >= half_pad).view(np.int8)
    passes = (side[:, 1:] != side[:, :-1]) | (side[:, 1:] == 1)
    passes[:, outline.joins] = False
    grasp, edge = np.nonzero(passes)
    u0, u1, v0, v1 = u[grasp, edge], u[grasp, edge + 1], v[grasp, edge], v[grasp, edge + 1]
    crosses = (v0 <= 0.0) != (v1 <= 0.0)
    level = np.where(v1 == v0, 1.0, v1 - v0)
    slope = (u1 - u0) / level
    u_crossing = u0 - v0 * slope
    va, vb = np.clip(v0, -half_pad, half_pad), np.clip(v1, -half_pad, half_pad)
    ua, ub = u0 + (va - v0) * slope, u1 + (vb - v1) * slope
    u_low, u_high = np.minimum(ua, ub), np.maximum(ua, ub)

    # Rule 2.
    near, far = reach + _TOUCH, reach + gripper.finger_thickness - _TOUCH
    enters = ((u_high > near) & (u_low < far)) | ((u_low < -near) & (u_high > -far))
    clear = np.bincount(grasp, enters, n) == 0
    middle = 0.5 * (near + far)
    for beyond in (u_crossing > middle, u_crossing < -middle):
        clear &= np.bincount(grasp, crosses & beyond, n) % 2 == 0

    # Rule 3. If the fingers are clear, an edge lies completely before or behind the pads.
    held = clear[grasp] & (u_low <= near) & (u_high >= -near)
    grasp, ua, ub, va, vb, u_low, u_high = (
        values[held] for values in (grasp, ua, ub, va, vb, u_low, u_high)
    )
    first, last = _extents(grasp, u_low, u_high, n)
    something = np.isfinite(first)

    # Rules 4 and 5.
    steep = np.where(ua == ub, 0.0, (vb - va) / np.where(ua == ub, 1.0, ub - ua))
    patches = []
    for stop, inward in ((first, 1.0), (last, -1.0)):
        depth_a, depth_b = (inward * (end - stop[grasp]) for end in (ua, ub))
        touched = np.minimum(depth_a, depth_b) < gripper.compliance
        cut_a = va + inward * (np.minimum(depth_a, gripper.compliance) - depth_a) * steep
        cut_b = vb + inward * (np.minimum(depth_b, gripper.compliance) - depth_b) * steep
        low, high = np.minimum(cut_a, cut_b)[touched], np.maximum(cut_a, cut_b)[touched]
        patches.append(_extents(grasp[touched], low, high, n))
    (low_a, high_a), (low_b, high_b) = patches
    with np.errstate(invalid="ignore"):
        least_span = gripper.compliance / gripper.friction - 4 * _TOUCH
        seated = (high_a - low_a >= least_span) & (high_b - low_b >= least_span)
        gap = np.maximum(low_a - high_b, low_b - high_a)
        opposed = gap <= gripper.friction * (last - first) + 4 * _TOUCH

    return np.select([~clear, ~something, ~seated, ~opposed], [2, 3, 4, 5], 0).astype(np.int8)


def _in_blocks(
    outline: _Outline, gripper: Gripper, to_u: _Floats, to_v: _Floats
) -> NDArray[np.int8]:
    block = max(1, _BLOCK // outline.points.shape[1])
    return np.concatenate(
        [np.empty(0, np.int8)]
        + [
            _between_pads(
                outline, gripper, to_u[start : start + block], to_v[start : start + block]
            )
            for start in range(0, len(to_u), block)
        ]
    )


def _in_reach(actions: _Floats) -> NDArray[np.bool_]:
    half = 0.5 * TABLE_SIDE
    return (np.abs(actions[:, :2]) <= half).all(axis=1) & np.isfinite(actions[:, 2])


def first_broken_rule(
    part: shapely.Polygon, gripper: Gripper, actions: NDArray[Any], pose: Pose | None = None
) -> NDArray[np.int8]:
    """Number of the first rule that each grasp breaks, in the order of `RULES`; 0 if it holds.

    Args:
        part: one valid polygon in metres, holes allowed.
        gripper: the jaw.
        actions: grasps (x, y, theta) in the table's frame, `[n, 3]`, m and rad. A grasp that is
            not finite is out of reach.
        pose: pose of the part on the table; None if its polygon is already in the table's frame.

    Returns:
        Numbers of rules, 0 to 6, int8 `[n]`.
    """
    actions = np.asarray(actions, np.float64)
    outline = _Outline.of(part)
    in_reach = _in_reach(actions)
    broken = np.ones(len(actions), np.int8)
    to_u, to_v = _gripper_frames(actions[in_reach], pose or Pose())
    level = np.abs(to_v @ outline.centroid) <= gripper.max_lever
    rule = _in_blocks(outline, gripper, to_u, to_v)
    broken[in_reach] = np.where((rule == 0) & ~level, 6, rule)
    return broken


def feasibility(
    part: shapely.Polygon,
    gripper: Gripper,
    actions: NDArray[Any],
    pose: Pose | None = None,
    *,
    anywhere: bool = False,
) -> NDArray[np.bool_]:
    """Whether each grasp satisfies all rules: `first_broken_rule(...) == 0`, in less time.

    The cheap rules are checked first. Only grasps that satisfy them are compared with the edges.

    Args:
        part: one valid polygon in metres, holes allowed.
        gripper: the jaw.
        actions: grasps (x, y, theta) in the table's frame, `[n, 3]`, m and rad.
        pose: pose of the part on the table; None if its polygon is already in the table's frame.
        anywhere: whether to leave out rule 1, as on a table without ends.

    Returns:
        Labels, bool `[n]`.
    """
    actions = np.asarray(actions, np.float64)
    outline = _Outline.of(part)
    feasible = np.isfinite(actions).all(axis=1) if anywhere else _in_reach(actions)
    candidates = np.flatnonzero(feasible)
    to_u, to_v = _gripper_frames(actions[candidates], pose or Pose())
    near = np.abs(to_u @ outline.centroid) <= outline.radius + 0.5 * gripper.opening
    level = np.abs(to_v @ outline.centroid) <= gripper.max_lever
    hopeful = near & level
    keeps = np.zeros(len(candidates), bool)
    keeps[hopeful] = _in_blocks(outline, gripper, to_u[hopeful], to_v[hopeful]) == 0
    feasible[candidates] = keeps
    return feasible
