"""The four rules for a motion of the arm, checked exactly, cheap ones first.

Frames are computed one after the other, and an arm that has moved one of them too far goes no
further. What is left has moved each link by little, so only the spheres near the arm before its
motion are looked at. A few actions alone are computed at once, without sorting out.
"""

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.motion.robot_arm.kinematics import (
    JOINT_HIGH,
    JOINT_LOW,
    Frame,
    frames,
    link_ends,
    origins,
    segments,
)

__all__ = [
    "CLEARANCE",
    "MAX_CHANGE",
    "RULES",
    "clearance",
    "first_broken_rule",
    "least_gap",
    "violation",
]

RULES: tuple[str, ...] = (
    "feasible",
    "out of range: a joint changes by more than 45 degrees",
    "beyond the limits of a joint",
    "moves too far: the origin of a frame moves by 0.15 m or more",
    "meets a sphere",
)
"""Meaning of each number that `first_broken_rule` gives."""

MAX_CHANGE = np.pi / 4
"""Greatest change of a joint, rad."""

MAX_MOVE = 0.15
"""Distance that no origin of a frame may reach, m."""

CLEARANCE = 0.05
"""Radius of the capsules about the links, m."""

# Frames whose origins a joint can move; those before stay where they are.
_MOVING = range(3, 9)
# A bound of how far an end of each link moves where no origin moves by MAX_MOVE. The point K lies
# 0.0825 m from the origin of its frame, which may turn about it.
_REACH = np.array([0.0, 0.15, 0.15, 0.15 + 2 * 0.0825, 0.15, 0.15])
_MARGIN = 1e-9
_BLOCK = 4096
# Of so few actions, sorting out costs more than it saves.
_FEW = 16

Array = NDArray[np.float64]


def first_broken_rule(joints: Array, spheres: Array, actions: Array) -> NDArray[np.int8]:
    """The number of the first rule that each action breaks, 0 for none; see `RULES`.

    Args:
        joints: joint angles of B states, `[B, 7]`, rad.
        spheres: centres and radii of B states, `[B, K, 4]`, m; radius 0 stands for none.
        actions: changes of the joints `[B, E, 7]`, rad.

    Returns:
        Numbers `[B, E]`.
    """
    states, each = actions.shape[:2]
    rows = np.asarray(actions, np.float64).reshape(-1, actions.shape[-1]).T
    owner = np.repeat(np.arange(states), each)
    if len(owner) <= _FEW:
        few = _first_broken_of_few(joints[owner].T, spheres[owner], rows)
        return few.reshape(states, each)
    before, near = origins(joints.T), _near_spheres(joints, spheres)
    rule = np.empty(len(owner), np.int8)
    for begin in range(0, len(owner), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        rule[block] = _first_broken(joints.T, before, near, rows[:, block], owner[block])
    return rule.reshape(states, each)


def _first_broken(
    joints: Array, before: Array, near: list[Array], actions: Array, owner: NDArray[np.int64]
) -> NDArray[np.int8]:
    rule = np.ones(len(owner), np.int8)
    left = np.flatnonzero(np.all((actions >= -MAX_CHANGE) & (actions <= MAX_CHANGE), axis=0))
    after = joints[:, owner[left]] + actions[:, left]
    within = np.all((after >= JOINT_LOW[:, None]) & (after <= JOINT_HIGH[:, None]), axis=0)
    rule[left[~within]] = 2
    left, after = left[within], after[:, within]

    frame = Frame.base(len(left))
    angles = after
    for number in range(1, 9):
        angle = angles[number - 1] if number < 8 else None
        frame = frame.next(number, None if angle is None else (np.cos(angle), np.sin(angle)))
        if number in _MOVING:
            move = frame.origin - before[number][:, owner[left]]
            still = np.flatnonzero(np.sqrt(np.sum(move * move, axis=0)) < MAX_MOVE)
            if len(still) < len(left):
                mask = np.ones(len(left), bool)
                mask[still] = False
                rule[left[mask]] = 3
                left, angles, frame = left[still], angles[:, still], frame.chosen(still)

    met = np.zeros(len(left), bool)
    for ends, spheres in zip(link_ends(angles), near, strict=True):
        met |= np.any(_gaps(ends, spheres[owner[left]]) <= 0.0, axis=0)
    rule[left] = np.where(met, 4, 0)
    return rule


def _first_broken_of_few(joints: Array, spheres: Array, actions: Array) -> NDArray[np.int8]:
    """The first broken rules `[n]` of actions `[7, n]`, each from joint angles of its own."""
    count = actions.shape[1]
    in_range = np.all((actions >= -MAX_CHANGE) & (actions <= MAX_CHANGE), axis=0)
    after = joints + np.where(in_range, actions, 0.0)  # an infinite angle has no cosine
    within = np.all((after >= JOINT_LOW[:, None]) & (after <= JOINT_HIGH[:, None]), axis=0)
    arms = frames(np.concatenate([joints, after], axis=1))
    places = np.stack([arms[number].origin for number in _MOVING])
    move = places[..., count:] - places[..., :count]
    still = np.all(np.sqrt(np.sum(move * move, axis=1)) < MAX_MOVE, axis=0)
    rule = np.select([~in_range, ~within, ~still], [1, 2, 3], 0).astype(np.int8)
    left = np.flatnonzero(rule == 0)
    if len(left):
        ends = np.array(segments(arms))[..., count + left]
        rule[left[least_gap(ends, spheres[left]) <= 0.0]] = 4
    return rule


def least_gap(ends: Array, spheres: Array) -> Array:
    """Least gap `[n]` between arms and spheres `[n, K, 4]`, m; infinite where no sphere is.

    Args:
        ends: ends of the links' segments `[6, 2, 3, n]`, as by `link_ends`, m.
        spheres: centres and radii, m; radius 0 stands for none.
    """
    links, count = ends.shape[0], ends.shape[-1]
    lined_up = np.moveaxis(ends, 0, 2).reshape(2, 3, links * count)
    gaps = _gaps(lined_up, np.tile(spheres, (links, 1, 1)))
    least: Array = gaps.reshape(-1, links, count).min(axis=(0, 1), initial=np.inf)
    return least


def _near_spheres(joints: Array, spheres: Array) -> list[Array]:
    """Spheres that each link may meet after its motion: arrays `[B, k, 4]`, one for each link."""
    ends = link_ends(joints.T)
    chosen = []
    for reach, (begin, end) in zip(_REACH, ends, strict=True):
        near = reach + _MARGIN >= _gaps((begin, end), spheres).T
        first = np.argsort(~near, axis=1, kind="stable")[:, : near.sum(axis=1).max(initial=0)]
        kept = np.where(near[..., None], spheres, 0.0)
        chosen.append(np.take_along_axis(kept, first[..., None], axis=1))
    return chosen


def _gaps(ends: "Array | tuple[Array, Array]", spheres: Array) -> Array:
    """Gaps `[K, n]` between capsules with ends `[2, 3, n]` and spheres `[n, K, 4]`, m.

    They are negative where both overlap, and infinite for a sphere of radius 0.
    """
    begin, end = ends
    link = end - begin
    squared = np.sum(link * link, axis=0)
    out = np.transpose(spheres[..., :3], (2, 1, 0)) - begin[:, None]
    along = np.clip(np.sum(out * link[:, None], axis=0) / squared, 0.0, 1.0)
    out -= along * link[:, None]
    radius = spheres[..., 3].T
    gaps = np.sqrt(np.sum(out * out, axis=0)) - (radius + CLEARANCE)
    return np.where(radius > 0.0, gaps, np.inf)


def clearance(joints: Array, spheres: Array) -> Array:
    """Least gap `[n, K]` between arms with joint angles `[n, 7]` and each sphere `[n, K, 4]`, m."""
    gaps = [_gaps((begin, end), spheres) for begin, end in link_ends(joints.T)]
    return np.min(gaps, axis=0).T


def violation(joints: Array, spheres: Array, actions: Array) -> Array:
    """How far actions `[B, E, 7]` are from keeping each rule, added up: `[B, E]`.

    It is 0 exactly where an action is feasible, infinite where it is not finite. What is added, is
    how far axes are out of range and joints beyond their limits, in units of 45 degrees, and, in
    units of 0.15 m, how much too far an origin moves and how deep the arm enters a sphere.
    """
    rule = first_broken_rule(joints, spheres, actions)
    before = origins(joints.T)
    amounts = np.full(actions.shape[:2], np.inf)
    for state, each in enumerate(np.asarray(actions, np.float64)):
        finite = np.all(np.isfinite(each), axis=-1)
        for begin in range(0, len(each), _BLOCK):
            rows = begin + np.flatnonzero(finite[begin : begin + _BLOCK])
            amounts[state, rows] = _amount(
                joints[state], before[..., state], spheres[state], each[rows]
            )
    # On the edge of a rule the amount is 0, and the action may still break it.
    least = np.finfo(np.float64).tiny
    found: Array = np.where(rule == 0, 0.0, np.maximum(amounts, least))
    return found


def _amount(joints: Array, before: Array, spheres: Array, actions: Array) -> Array:
    after = joints + actions
    angles = np.maximum(np.abs(actions) - MAX_CHANGE, 0.0) + np.maximum(
        np.maximum(JOINT_LOW - after, after - JOINT_HIGH), 0.0
    )
    move = np.linalg.norm(origins(after.T) - before[..., None], axis=1).max(axis=0)
    real = spheres[spheres[:, 3] > 0.0]
    if len(real):
        gap = clearance(after, np.broadcast_to(real, (len(after), *real.shape))).min(axis=-1)
    else:
        gap = np.full(len(after), np.inf)
    lengths = np.maximum(move - MAX_MOVE, 0.0) + np.maximum(-gap, 0.0)
    amount: Array = angles.sum(axis=-1) / MAX_CHANGE + lengths / MAX_MOVE
    return amount
