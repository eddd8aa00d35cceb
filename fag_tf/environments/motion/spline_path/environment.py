"""The next part of a vehicle's way between rectangles, as an environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.motion.base import MotionEnvironment
from fag_tf.environments.motion.spline_path import rules
from fag_tf.spaces import ActionSpace, ArraySpec, Axis

__all__ = ["PathState", "SplinePath"]

OBSTACLES = 30
_LEAST_HALF, _GREATEST_HALF = 0.03, 0.06

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PathState:
    """A vehicle in the unit square, with the numbers of single precision.

    Attributes:
        pose: position (x, y) and heading (cos, sin), `[4]`.
        obstacles: rectangles by centre (x, y), half width and half height, `[30, 4]`; half width 0
            stands for none.
    """

    pose: Array
    obstacles: Array


class SplinePath(MotionEnvironment[PathState]):
    """A vehicle that leaves its pose on a cubic Bezier curve and must not touch an obstacle.

    An action has five numbers in [-1, 1]: the distance of the first control point ahead, and the
    places of the other two; see `curve`. `rules` says when a path is feasible.
    """

    name = "spline_path"
    state_class = PathState
    rules = rules.RULES
    action_space = ActionSpace(
        [Axis(name, -1.0, 1.0) for name in ("ahead", "x2", "y2", "x3", "y3")]
    )

    def __init__(self) -> None:
        self.observation_spec = {
            "pose": ArraySpec((4,), names=("x", "y", "cos", "sin")),
            "obstacles": ArraySpec(
                (OBSTACLES, 4),
                unordered=True,
                presence=2,
                names=("x", "y", "half_width", "half_height"),
            ),
        }

    def frame(self) -> Any:
        """The frame of its networks; see `fag_tf.environments.motion.networks.path_frame`."""
        from fag_tf.environments.motion.networks.path_frame import PathFrame

        return PathFrame(self.action_space)

    def draw_states(self, rng: np.random.Generator, batch: int) -> list[PathState]:
        """Rectangles anywhere in the square, and a pose anywhere that is free."""
        middles = rng.uniform(0.0, 1.0, (batch, OBSTACLES, 2))
        halves = rng.uniform(_LEAST_HALF, _GREATEST_HALF, (batch, OBSTACLES, 2))
        obstacles = _single(np.concatenate([middles, halves], axis=-1))
        heading = rng.uniform(0.0, 2.0 * np.pi, batch)
        place = np.zeros((batch, 2))
        taken = np.arange(batch)
        while len(taken):
            place[taken] = _single(rng.uniform(0.0, 1.0, (len(taken), 2)))
            apart = np.abs(place[taken, None] - obstacles[taken, :, :2])
            taken = taken[np.any(np.all(apart <= obstacles[taken, :, 2:], axis=-1), axis=-1)]
        pose = _single(np.column_stack([place, np.cos(heading), np.sin(heading)]))
        return [PathState(*each) for each in zip(pose, obstacles, strict=True)]

    def first_broken_rule(
        self, states: Sequence[PathState], actions: NDArray[Any]
    ) -> NDArray[np.int8]:
        """The number of the first of `rules` that actions `[B, E, 5]` break, or 0: `[B, E]`."""
        return rules.first_broken_rule(*_arrays(states), actions)

    def violation(self, states: Sequence[PathState], actions: NDArray[Any]) -> Array:
        """How far actions `[B, E, 5]` are from keeping the rules; see `rules.violation`."""
        return rules.violation(*_arrays(states), actions)

    def draw_samples(
        self,
        path: Path,
        state: PathState,
        actions: NDArray[Any],
        feasibility: NDArray[Any] | None,
        title: str,
    ) -> None:
        """Write a map with the paths of actions `[K, 5]`, coloured by the exact rules."""
        from fag_tf.environments.motion.spline_path.drawing import save_paths

        save_paths(path, state.pose, state.obstacles, actions, title)


def _single(values: Array) -> Array:
    """The nearest numbers of single precision, which an observation holds without rounding."""
    return values.astype(np.float32).astype(np.float64)


def _arrays(states: Sequence[PathState]) -> tuple[Array, Array]:
    return (
        np.stack([state.pose for state in states]),
        np.stack([state.obstacles for state in states]),
    )
