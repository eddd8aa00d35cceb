"""Gymnasium's MuJoCo tasks with the torque constraints of a published benchmark.

See `fag_tf.rl.tasks.torque_limits` for the benchmark. It takes Reacher from PyBullet and the
others from MuJoCo; here all four are MuJoCo's, in Gymnasium's version 5, so figures cannot be
compared with those that are published.
"""

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from fag_tf.errors import InputError
from fag_tf.rl.constraint import ConstrainedEnv
from fag_tf.rl.extras import import_mujoco_tasks
from fag_tf.rl.tasks.torque_limits import (
    Ball,
    Moment,
    Power,
    PowerAndSine,
    Tip,
    TorqueConstraint,
)

__all__ = ["CONSTRAINTS", "TASKS", "ConstrainedMujocoEnv"]

TASKS = {
    "Reacher": "Reacher-v5",
    "HalfCheetah": "HalfCheetah-v5",
    "Hopper": "Hopper-v5",
    "Walker2d": "Walker2d-v5",
}
"""Gymnasium's name of each task."""

_TWO, _THREE = range(6, 8), range(8, 11)
_SIX, _THREE_ANGLES, _SIX_ANGLES = range(11, 17), range(2, 5), range(2, 8)

CONSTRAINTS: Mapping[str, Mapping[str, TorqueConstraint]] = {
    "Reacher": {
        "O10": Power(_TWO, 1.0),
        "O03": Power(_TWO, 0.3),
        "O30": Power(_TWO, 3.0),
        "M": Power(_TWO, 1.0, driving_only=True),
        "L2": Ball(_TWO, 0.05),
        "T": Tip(_TWO, 0.05, elbow=1),
    },
    "HalfCheetah": {"O": Power(_SIX, 20.0), "MA": Moment(_SIX, 5.0, _SIX_ANGLES)},
    "Hopper": {
        "M": Power(_THREE, 10.0, driving_only=True),
        "O+S": PowerAndSine(_THREE, 10.0, _THREE_ANGLES, 0.1),
    },
    "Walker2d": {
        "M": Power(_SIX, 10.0, driving_only=True),
        "O+S": PowerAndSine(_SIX, 10.0, _SIX_ANGLES, 0.1),
    },
}
"""Constraints of each task by their names in the benchmark; the first is the default."""


class ConstrainedMujocoEnv(ConstrainedEnv[NDArray[np.float64]], EzPickle):
    """A task of MuJoCo whose torques are limited by how the joints move.

    Observations, rewards and ends are Gymnasium's. Instead of an action that is not allowed, the
    nearest allowed one is carried out, as by the benchmark; the reward counts the torques carried
    out. The `info` of a step holds `feasible`, whether the action asked for was allowed, and
    `executed`, the torques carried out.

    Args:
        task: one of `TASKS`.
        constraint: one of the task's `CONSTRAINTS`; the first one if empty.
        render_mode: as of Gymnasium's MuJoCo tasks.

    Raises:
        InputError: there is no such task or constraint, or MuJoCo is not installed.
    """

    metadata = {  # noqa: RUF012 - as in the base
        "render_modes": ["human", "rgb_array", "depth_array", "rgbd_tuple"],
    }

    def __init__(self, task: str, constraint: str = "", render_mode: str | None = None) -> None:
        EzPickle.__init__(self, task, constraint, render_mode)
        if task not in TASKS:
            raise InputError(f"there is no task {task!r}; it must be one of {', '.join(TASKS)}")
        known = CONSTRAINTS[task]
        name = constraint or next(iter(known))
        if name not in known:
            raise InputError(
                f"{task} has no constraint {name!r}; it must be one of {', '.join(known)}"
            )
        import_mujoco_tasks()
        self._inner: Any = gymnasium.make(
            TASKS[task], render_mode=render_mode, disable_env_checker=True
        ).unwrapped
        self.metadata = self._inner.metadata
        self.render_mode = render_mode
        self.constraint = self._torques = known[name]
        self.observation_space = self._inner.observation_space
        self.action_space = self._inner.action_space
        self._observation: NDArray[np.float64] | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Begin an episode; see Gymnasium's task."""
        super().reset(seed=seed)
        observation, info = self._inner.reset(seed=seed, options=options)
        self._observation = observation
        return observation, info

    def step(
        self, action: NDArray[Any]
    ) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Carry out torques `[A]`, or the nearest that are allowed.

        Raises:
            InputError: the torques have another shape, or are not finite.
            gymnasium.error.ResetNeeded: no episode has begun.
        """
        if self._observation is None:
            raise gymnasium.error.ResetNeeded("no episode has begun; call reset() first")
        asked = np.asarray(action, np.float32)
        if asked.shape != self.action_space.shape or not np.all(np.isfinite(asked)):
            raise InputError(
                f"the action must be {list(self.action_space.shape or ())} finite torques, "
                f"got {np.asarray(action)}"
            )
        inputs = {
            name: each[None] for name, each in self._torques.inputs(self._observation).items()
        }
        allowed = bool(self._torques.feasible(inputs, asked[None, None])[0, 0])
        if not allowed:
            asked = self._torques.project(inputs, asked[None, None])[0, 0]
        observation, reward, terminated, truncated, info = self._inner.step(asked)
        self._observation = observation
        info = {**info, "feasible": allowed, "executed": asked}
        return observation, float(reward), bool(terminated), bool(truncated), info

    def render(self) -> Any:
        """A picture of the simulation; see Gymnasium's task."""
        return self._inner.render()

    def close(self) -> None:
        """Close windows, if there are any."""
        self._inner.close()
