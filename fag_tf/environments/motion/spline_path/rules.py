"""The five rules for a path that can be driven, checked exactly, cheap ones first.

Most uniform actions break a cheap rule, so the dear ones are asked of few. A path of length below
1.5 L stays within 1.5 L of its start, so only the rectangles that reach there are looked at.
A few actions alone are computed at once, without sorting out.
"""

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.motion.spline_path.curve import LENGTH, Curve

__all__ = ["MAX_CURVATURE", "RULES", "first_broken_rule", "violation"]

RULES: tuple[str, ...] = (
    "feasible",
    "out of range: an axis lies outside [-1, 1]",
    "wrong length: the path must be longer than 0.15 and shorter than 0.225",
    "too sharp a turn: the curvature exceeds 24",
    "leaves the square",
    "enters an obstacle",
)
"""Meaning of each number that `first_broken_rule` gives."""

MAX_CURVATURE = 24.0
"""Greatest curvature, in 1 / side of the square."""

_LONGEST = 1.5 * LENGTH
# A rounding error must not decide: what is dropped early is beyond its bound by more than this.
_MARGIN = 1e-9
# Every seventh point, both ends among them.
_COARSE = 7
_BLOCK = 2048
# Of so few actions, sorting out costs more than it saves.
_FEW = 16

Array = NDArray[np.float64]


def first_broken_rule(poses: Array, obstacles: Array, actions: Array) -> NDArray[np.int8]:
    """The number of the first rule that each action breaks, 0 for none; see `RULES`.

    Args:
        poses: position and heading of B states, `[B, 4]`.
        obstacles: rectangles of B states, `[B, K, 4]`; half width 0 stands for none.
        actions: actions `[B, E, 5]`.

    Returns:
        Numbers `[B, E]`.
    """
    states, each = actions.shape[:2]
    rows = np.asarray(actions, np.float64).reshape(-1, actions.shape[-1])
    owner = np.repeat(np.arange(states), each)
    if len(rows) <= _FEW:
        return _first_broken_of_few(poses[owner], obstacles[owner], rows).reshape(states, each)
    near = _near_rectangles(poses, obstacles)
    rule = np.empty(len(rows), np.int8)
    for begin in range(0, len(rows), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        rule[block] = _first_broken(poses, near, rows[block], owner[block])
    return rule.reshape(states, each)


def _first_broken(
    poses: Array, near: Array, actions: Array, owner: NDArray[np.int64]
) -> NDArray[np.int8]:
    rule = np.ones(len(actions), np.int8)
    left = np.flatnonzero(np.all((actions >= -1.0) & (actions <= 1.0), axis=-1))
    curve = Curve.of(poses[owner[left]], actions[left])

    def drop(broken: NDArray[np.bool_], number: int) -> None:
        nonlocal left, curve
        rule[left[broken]] = number
        kept = np.flatnonzero(~broken)
        left, curve = left[kept], curve.chosen(kept)

    # A polyline is no shorter than one through fewer of its points, and no longer than the
    # polygon of the curve's control points.
    too_long = _length(curve.offsets(_COARSE)) >= _LONGEST * (1.0 + _MARGIN)
    drop(too_long | (_polygon_length(curve) <= LENGTH * (1.0 - _MARGIN)), 2)
    offsets = curve.offsets()
    length = _length(offsets)
    wrong = ~((length > LENGTH) & (length < _LONGEST))
    offsets = offsets[:, ~wrong]
    drop(wrong, 2)
    for every, bound in ((_COARSE, MAX_CURVATURE * (1.0 + _MARGIN)), (1, MAX_CURVATURE)):
        sharp = ~np.all(_bends_at_most(curve, bound, every), axis=-1)
        offsets = offsets[:, ~sharp]
        drop(sharp, 3)
    points = offsets + curve.start[:, :, None]
    outside = np.any((points < 0.0) | (points > 1.0), axis=(0, 2))
    points = points[:, ~outside]
    drop(outside, 4)
    rectangles = near[owner[left]]
    inside = np.zeros(points.shape[1:], bool)
    for x, y, half_width, half_height in np.moveaxis(rectangles, (1, 2), (0, 1))[..., None]:
        within = np.abs(points[0] - x) < half_width
        within &= np.abs(points[1] - y) < half_height
        inside |= within
    drop(np.any(inside, axis=-1), 5)
    rule[left] = 0
    return rule


def _first_broken_of_few(poses: Array, obstacles: Array, actions: Array) -> NDArray[np.int8]:
    """The first broken rules `[n]` of actions `[n, 5]`, each with a pose and obstacles."""
    in_range = np.all((actions >= -1.0) & (actions <= 1.0), axis=-1)
    curve = Curve.of(poses, np.where(in_range[:, None], actions, 0.0))  # 0 * infinity is no number
    offsets = curve.offsets()
    length = _length(offsets)
    right = (length > LENGTH) & (length < _LONGEST)
    smooth = np.all(_bends_at_most(curve, MAX_CURVATURE, 1), axis=-1)
    points = offsets + curve.start[:, :, None]
    outside = np.any((points < 0.0) | (points > 1.0), axis=(0, 2))
    rule = np.select([~in_range, ~right, ~smooth, outside], [1, 2, 3, 4], 0).astype(np.int8)
    left = np.flatnonzero(rule == 0)
    if len(left):
        middles, halves = np.split(obstacles[left, ..., None], 2, axis=2)
        inside = np.abs(np.moveaxis(points[:, None, left], 2, 0).swapaxes(1, 2) - middles) < halves
        rule[left[np.any(np.all(inside, axis=2), axis=(1, 2))]] = 5
    return rule


def _near_rectangles(poses: Array, obstacles: Array) -> Array:
    """Rectangles that a path may reach, `[B, k, 4]` for the greatest number k of a state."""
    gap = np.maximum(np.abs(obstacles[..., :2] - poses[:, None, :2]) - obstacles[..., 2:], 0.0)
    near = np.hypot(gap[..., 0], gap[..., 1]) <= _LONGEST + _MARGIN
    near &= obstacles[..., 2] > 0.0
    first = np.argsort(~near, axis=1, kind="stable")[:, : near.sum(axis=1).max(initial=0)]
    chosen: Array = np.take_along_axis(obstacles * near[..., None], first[..., None], axis=1)
    return chosen


def _length(points: Array) -> Array:
    """Lengths `[n]` of polylines `[2, n, P]`."""
    step = np.diff(points, axis=-1)
    step *= step
    length: Array = np.sqrt(step[0] + step[1]).sum(axis=-1)
    return length


def _polygon_length(curve: Curve) -> Array:
    """Lengths `[n]` of the polygons of the control points."""
    one, two, three = curve.coefficients
    first = one / 3.0
    second = (two + 6.0 * first) / 3.0
    third = three + 3.0 * (second - first)
    length: Array = sum(np.hypot(*leg) for leg in (first, second - first, third - second))
    return length


def _bends_at_most(curve: Curve, bound: float, every: int) -> NDArray[np.bool_]:
    """Whether the curvature is defined and at most `bound` in the points, `[n, P]`."""
    speed, turn = curve.speed_and_turn(every)
    return (np.abs(turn) <= bound * speed * speed * speed) & (speed > 0.0)


def violation(poses: Array, obstacles: Array, actions: Array) -> Array:
    """How far actions `[B, E, 5]` are from keeping each rule, added up: `[B, E]`.

    It is 0 exactly where an action is feasible, infinite where it is not finite. What is added, in
    lengths of 0.15 where nothing else is said: how far axes are out of range (in half-ranges), how
    much too long or short the path is, 1 - 24 / the greatest curvature, how far it leaves the
    square, and how deep it enters a rectangle.
    """
    rule = first_broken_rule(poses, obstacles, actions)
    amounts = [_amount(*each) for each in zip(poses, obstacles, actions, strict=True)]
    # On the edge of a rule the amount is 0, and the action may still break it.
    least = np.finfo(np.float64).tiny
    found: Array = np.where(rule == 0, 0.0, np.maximum(np.stack(amounts), least))
    return found


def _amount(pose: Array, obstacles: Array, actions: Array) -> Array:
    finite = np.all(np.isfinite(actions), axis=-1)
    amount = np.full(len(actions), np.inf)
    near = obstacles[obstacles[:, 2] > 0.0]
    for begin in range(0, len(actions), _BLOCK):
        rows = begin + np.flatnonzero(finite[begin : begin + _BLOCK])
        each = np.asarray(actions[rows], np.float64)
        curve = Curve.of(np.broadcast_to(pose, (len(each), 4)), each)
        offsets = curve.offsets()
        length = _length(offsets)
        speed, turn = curve.speed_and_turn()
        cubed = speed * speed * speed
        spare = np.divide(
            MAX_CURVATURE * cubed, np.abs(turn), out=np.ones_like(turn), where=turn != 0.0
        )
        spare[speed == 0.0] = 0.0
        points = offsets + curve.start[:, :, None]
        outside = np.maximum(np.abs(points - 0.5) - 0.5, 0.0).max(axis=(0, 2))
        deep = np.zeros(len(each))
        for x, y, half_width, half_height in near:
            depth = np.minimum(
                half_width - np.abs(points[0] - x), half_height - np.abs(points[1] - y)
            )
            np.maximum(deep, depth.max(axis=-1), out=deep)
        amount[rows] = (
            np.maximum(np.abs(each) - 1.0, 0.0).sum(axis=-1)
            + np.maximum(np.maximum(LENGTH - length, length - _LONGEST), 0.0) / LENGTH
            + np.maximum(1.0 - spare.min(axis=-1), 0.0)
            + (outside + deep) / LENGTH
        )
    return amount
