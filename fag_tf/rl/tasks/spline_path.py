"""The task `fag_tf/SplinePath-v0`: a vehicle collects ten goals among thirty rectangles."""

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from fag_tf.environments.motion.spline_path.curve import LENGTH, positions
from fag_tf.environments.motion.spline_path.environment import PathState, SplinePath
from fag_tf.rl.tasks.motion_task import MotionTask, nearest_single, single_box
from fag_tf.rl.tasks.path_scene import GOALS, RADIUS, can_leave, draw_scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["BONUS", "RANGE", "RAYS", "SplinePathEnv", "free_ranges"]

BONUS = 1.0
"""Reward for a collected goal."""

RAYS = 24
"""Directions in which the free distance is observed."""

RANGE = 0.5
"""Greatest free distance that is observed, in sides of the square."""

Array = NDArray[np.float64]


class SplinePathEnv(MotionTask[PathState]):
    """A vehicle drives stretch by stretch and collects ten goals in their order.

    An action is a path of `fag_tf.environments.motion.spline_path`, feasible by its five rules.
    After it, the vehicle stands at the end of the path, with the heading of its end. The next goal
    is collected if one of the path's 64 points is within `RADIUS` of it, then the one after it if a
    later point is, and so on.

    The way left is the distance to the next goal plus the legs from there to the last one. The
    reward of a step is what the way left has become shorter, in lengths of 0.15, plus `BONUS` for
    each goal. All goals collected is a success and ends the episode.

    Observed are `pose` `[4]` and `obstacles` `[30, 4]` as by the environment; `goals` `[10, 3]`,
    the next one first: how far ahead and how far to the left of the vehicle, in sides of the
    square, and 1, or all 0 for none; and `ranges` `[24]`, how far it is to a rectangle or the edge
    of the square, counter-clockwise from straight ahead, at most `RANGE`.

    A vehicle may come to a dead end, where nothing is feasible. The `info` of a step holds
    `collected`, and `dead_end`: whether a rule was broken where `can_leave` finds no way out.

    Args:
        render_mode: `rgb_array` for pictures of the map, or None.

    Attributes:
        state: the environment's state, None before the first reset.
        goals: places `[10, 2]` in their order.
        collected: number of goals collected.
    """

    def __init__(self, render_mode: str | None = None) -> None:
        far = np.sqrt(2.0)
        least, greatest = np.tile(np.array([[[-far, -far, 0.0]], [[far, far, 1.0]]]), (1, GOALS, 1))
        super().__init__(
            SplinePath(),
            {"pose": ([0.0, 0.0, -1.0, -1.0], 1.0), "obstacles": (0.0, 1.0)},
            {
                "goals": single_box(least, greatest),
                "ranges": spaces.Box(0.0, RANGE, (RAYS,)),
            },
            render_mode,
        )
        self.goals: Array = np.zeros((GOALS, 2))
        self.collected = 0
        self._dead_end = False
        self._start: PathState | None = None  # can be left, or it would not have been drawn
        self._legs: Array = np.zeros(GOALS + 1)
        self._trail: list[Array] = []

    def _begin(self, rng: np.random.Generator) -> PathState:
        state, self.goals = draw_scene(rng, self.environment)  # type: ignore[arg-type]
        self._start = state
        self.collected = 0
        self._dead_end = False
        legs = np.hypot(*np.diff(self.goals, axis=0).T)
        self._legs = np.append(np.cumsum(legs[::-1])[::-1], [0.0, 0.0])
        self._trail = []
        return state

    def _way_left(self, place: Array) -> float:
        if self.collected == GOALS:
            return 0.0
        return float(np.hypot(*(self.goals[self.collected] - place)) + self._legs[self.collected])

    def _advance(self, state: PathState, action: Array) -> tuple[PathState, float]:
        before = self._way_left(state.pose[:2])
        points = positions(state.pose, action[None])[0]
        gained, passed = 0, 0
        while self.collected < GOALS:
            near = np.hypot(*(points[passed:] - self.goals[self.collected]).T) <= RADIUS
            if not near.any():
                break
            passed += int(np.argmax(near))
            self.collected += 1
            gained += 1
        after = PathState(_pose_after(state, points[-1], action), state.obstacles)
        if self.render_mode is not None:
            self._trail.append(points)
        shorter = before - self._way_left(after.pose[:2])
        return after, shorter / LENGTH + BONUS * gained

    def _note_broken_rule(self, state: PathState) -> None:
        self._dead_end = state is not self._start and not can_leave(state)

    def _goal_observation(self, state: PathState) -> dict[str, NDArray[np.float32]]:
        goals = np.zeros((GOALS, 3), np.float32)
        offsets = self.goals[self.collected :] - state.pose[:2]
        cos, sin = state.pose[2:]
        count = len(offsets)
        goals[:count, 0] = offsets @ [cos, sin]
        goals[:count, 1] = offsets @ [-sin, cos]
        goals[:count, 2] = 1.0
        ranges = free_ranges(state.pose, state.obstacles).astype(np.float32)
        return {"goals": goals, "ranges": ranges}

    def _report(self) -> dict[str, Any]:
        return {
            "collected": self.collected,
            "dead_end": self._dead_end,
            "is_success": self.collected == GOALS,
        }

    def _figure(self, state: PathState) -> "Figure":
        from fag_tf.rl.tasks.pictures import path_figure

        return path_figure(state, self.goals, self.collected, RADIUS, self._trail)


def _pose_after(state: PathState, end: Array, action: Array) -> Array:
    """The pose `[4]` at the end of a feasible path, with numbers of single precision."""
    obstacles = state.obstacles

    def free(places: Array) -> NDArray[np.bool_]:
        apart = np.abs(places[:, None] - obstacles[:, :2])
        inside = np.any(np.all(apart < obstacles[:, 2:], axis=-1), axis=-1)
        kept: NDArray[np.bool_] = np.all((places >= 0.0) & (places <= 1.0), axis=-1) & ~inside
        return kept

    # The curve leaves its last control point in the direction from the one before it.
    ahead = action[3:5] - action[1:3]
    heading = (ahead / np.hypot(*ahead)).astype(np.float32).astype(np.float64)
    return np.concatenate([nearest_single(end, free), heading])


def free_ranges(pose: Array, obstacles: Array) -> Array:
    """How far it is from a pose `[4]` to a rectangle or the edge of the square, `[24]`.

    The first direction is straight ahead, the others follow counter-clockwise at equal angles.
    Distances end at `RANGE`.

    Args:
        pose: position and heading.
        obstacles: rectangles `[30, 4]`; half width 0 stands for none.
    """
    turn = np.arctan2(pose[3], pose[2]) + np.arange(RAYS) * (2.0 * np.pi / RAYS)
    rays = np.stack([np.cos(turn), np.sin(turn)])
    rays = np.where(np.abs(rays) < 1e-12, 1e-12, rays)
    real = obstacles[obstacles[:, 2] > 0.0]
    middles = (real[:, :2] - pose[:2])[..., None] / rays
    halves = real[:, 2:, None] / np.abs(rays)
    enter, leave = (middles - halves).max(axis=1), (middles + halves).min(axis=1)
    hit = np.where(leave >= np.maximum(enter, 0.0), np.maximum(enter, 0.0), np.inf)
    edge = ((rays > 0.0) - pose[:2, None]) / rays
    nearest: Array = np.minimum(hit.min(axis=0, initial=RANGE), np.maximum(edge, 0.0).min(axis=0))
    return nearest
