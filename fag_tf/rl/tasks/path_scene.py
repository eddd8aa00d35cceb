"""Scenes of the path task: a start that can be left, and goals that hang together with it."""

import functools

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.motion.spline_path.environment import PathState, SplinePath
from fag_tf.environments.motion.spline_path.rules import first_broken_rule

__all__ = ["GOALS", "RADIUS", "can_leave", "draw_scene", "prepared_paths"]

GOALS = 10
"""Number of goals."""

RADIUS = 0.03
"""Distance within which a path collects a goal, in sides of the square: a fifth of a stretch."""

_DRAWN_GOALS = 96
# Cells of the grid on which the free space is searched, a side.
_CELLS = 64
# Free space between rectangles narrower than twice this does not count as a way.
_CORRIDOR = 0.015
_DRAWN_SHAPES = 40_000
# Tried first, since most starts can be left by one of these.
_FIRST_SHAPES = 16

Array = NDArray[np.float64]


def draw_scene(rng: np.random.Generator, environment: SplinePath) -> tuple[PathState, Array]:
    """A state of the environment, and goals `[10, 2]` in the order in which they are to be met.

    The state is drawn again until one of `prepared_paths` is feasible. Goals are uniform in the
    places that are at least `RADIUS` from every rectangle and from the edge, and that hang together
    with the start through free space. They are at least two radii from the start and from each
    other. Their order is that of a tour which always goes on to the nearest.
    """
    while True:
        state = environment.draw_states(rng, 1)[0]
        if can_leave(state):
            goals = _draw_goals(rng, state)
            if len(goals) == GOALS:
                return state, _tour(state.pose[:2], goals)


def prepared_paths(pose: Array) -> Array:
    """Actions `[k, 5]` from a pose `[4]` that keep the rules on range, length and curvature.

    They are fixed shapes, turned to the heading of the pose.
    """
    shapes = _shapes()
    cos, sin = pose[2:]
    points = shapes[:, 1:].reshape(-1, 2, 2) @ np.array([[cos, sin], [-sin, cos]])
    return np.column_stack([shapes[:, 0], points.reshape(-1, 4)])


@functools.cache
def _shapes() -> Array:
    """Feasible actions of a vehicle in the open that may be turned about it, `[k, 5]`."""
    drawn = np.random.default_rng(0).uniform(-1.0, 1.0, (_DRAWN_SHAPES, 5))
    ends = np.hypot(drawn[:, 1::2], drawn[:, 2::2])
    drawn = drawn[np.all(ends < 1.0, axis=-1)]
    pose, nothing = np.array([[0.5, 0.5, 1.0, 0.0]]), np.zeros((1, 1, 4))
    kept: Array = drawn[first_broken_rule(pose, nothing, drawn[None])[0] == 0]
    return kept


def can_leave(state: PathState) -> bool:
    """Whether one of `prepared_paths` is feasible.

    If none is, another path may still be, though hardly ever one that is easily found.
    """
    paths = prepared_paths(state.pose)
    for part in (paths[:_FIRST_SHAPES], paths[_FIRST_SHAPES:]):
        if np.any(first_broken_rule(state.pose[None], state.obstacles[None], part[None]) == 0):
            return True
    return False


def _draw_goals(rng: np.random.Generator, state: PathState) -> Array:
    """Goals `[10, 2]`, fewer where there is no room for them."""
    places = rng.uniform(RADIUS, 1.0 - RADIUS, (_DRAWN_GOALS, 2))
    places = places.astype(np.float32).astype(np.float64)
    gaps = np.abs(places[:, None] - state.obstacles[:, :2]) - state.obstacles[:, 2:]
    gaps = np.maximum(gaps, 0.0)
    free = np.all(np.sum(gaps * gaps, axis=-1) >= RADIUS**2, axis=-1)
    reached = _hang_together(state, places[free])
    places = np.concatenate([state.pose[None, :2], places[free][reached]])
    near = _distances(places) < 2.0 * RADIUS
    open_to_choice = ~near[0]
    chosen: list[int] = []
    while len(chosen) < GOALS and open_to_choice.any():
        chosen.append(int(np.argmax(open_to_choice)))
        open_to_choice &= ~near[chosen[-1]]
    return places[chosen]


def _distances(places: Array) -> Array:
    """Distances `[k, k]` between places `[k, 2]`."""
    x, y = places.T
    distances: Array = np.sqrt((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2)
    return distances


def _hang_together(state: PathState, places: Array) -> NDArray[np.bool_]:
    """Whether places `[k, 2]` lie in the same piece of free space as the state's position."""
    from scipy import ndimage

    centres = (np.arange(_CELLS) + 0.5) / _CELLS
    inside = np.abs(centres - state.obstacles[:, :2, None]) < state.obstacles[:, 2:, None] + (
        _CORRIDOR * (state.obstacles[:, 2, None, None] > 0.0)
    )
    taken = inside[:, 0].T.astype(np.float32) @ inside[:, 1].astype(np.float32) > 0.0
    pieces, _ = ndimage.label(~taken)
    x, y = np.nonzero(pieces)
    if not len(x):
        return np.zeros(len(places), bool)
    from_start = np.hypot(centres[x] - state.pose[0], centres[y] - state.pose[1])
    start = np.argmin(from_start)
    cells = np.minimum((places * _CELLS).astype(np.int64), _CELLS - 1)
    together: NDArray[np.bool_] = pieces[cells[:, 0], cells[:, 1]] == pieces[x[start], y[start]]
    return together


def _tour(start: Array, goals: Array) -> Array:
    """The goals `[k, 2]` in the order in which each is the nearest one left."""
    distances = _distances(np.concatenate([start[None], goals]))
    distances[:, 0] = np.inf
    order = [0]
    for _ in goals:
        order.append(int(np.argmin(distances[order[-1]])))
        distances[:, order[-1]] = np.inf
    return goals[np.array(order[1:], np.int64) - 1]
