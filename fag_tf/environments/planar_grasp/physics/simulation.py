"""One simulated check: the jaw closes on the part, lifts it and shakes it.

In the frame of the jaw, moving the arm is the same as turning gravity: an acceleration a of the
jaw acts on the part like gravity minus a. So lifting is gravity that is switched on when the
table's support ends, and shaking is gravity with `shake` added in six directions, one after the
other.

While the jaw closes, gravity is off and the part is braked as if by the friction of a table. That
friction is far less than the closing force, so it decides how fast the part gives way, and not
where it ends. The way of the fingers down to the table is not simulated: whether they land on the
part is a question of the outline alone (rule 2).
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.feasibility.pad_distance import pad_stops
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.physics.jaw_model import (
    closing_force,
    compile_jaw,
    import_mujoco,
)
from fag_tf.environments.planar_grasp.physics.settings import GRAVITY, PhysicsSettings
from fag_tf.environments.planar_grasp.workspace import centred

__all__ = ["FAILURES", "GraspOutcome", "GraspSimulation", "Stage"]

FAILURES = (
    "nothing between the pads",
    "gets out as the jaw closes",
    "only one pad touches",
    "slides",
    "turns",
)
"""What may go wrong."""

_BLOCK = 0.02  # time between two looks, s
_LONGEST_CLOSING = 0.6
_PHASE = 0.1  # time of lifting, and of shaking in each direction, s
_GAP = 0.001  # where the pads start, from the first touch, m
_SHAKES = ((0, 0, -1), (0, 1, 0), (0, -1, 0), (1, 0, 0), (-1, 0, 0), (0, 0, 1))
# Speeds below which part and fingers are at rest, m/s and rad/s.
_SLOW, _SLOW_TURN = 0.002, 0.05
# Friction of the table, and the speed at which the brake equals it, m/s.
_TABLE_FRICTION, _BRAKED_SPEED = 0.4, 0.1


@dataclass(frozen=True)
class Stage:
    """A moment of a check, in the frame of the jaw.

    Attributes:
        name: what has been done.
        place: of the part's centre, m, `[3]`.
        rotation: of the part, `[3, 3]`.
        half_width: distance of each pad from the midpoint, m.
    """

    name: str
    place: NDArray[np.float64]
    rotation: NDArray[np.float64]
    half_width: float


@dataclass(frozen=True)
class GraspOutcome:
    """Result of a check.

    Attributes:
        holds: the verdict.
        failure: one of `FAILURES`; empty if it holds.
        slip: how far the part slid in the closed jaw, m: the way of the point of the part that was
            midway between the pads. NaN if the jaw did not close on it.
        turn: how far it turned there, degrees; NaN likewise.
        stages: moments of the check, the last one the end: `start`, `closed`, `lifted`, `end`.
    """

    holds: bool
    failure: str
    slip: float
    turn: float
    stages: tuple[Stage, ...]

    @property
    def closed(self) -> bool:
        """Whether the jaw closed on the part, so that there are a slip and a turn."""
        return bool(np.isfinite(self.slip))

    @property
    def closing_turn(self) -> float:
        """How far the pads turned the part while they closed, degrees; NaN if they did not."""
        if not self.closed:
            return np.nan
        return _angle(self.stages[0].rotation, self.stages[1].rotation)


class GraspSimulation:
    """Checks grasps of one part by one jaw; the model is compiled once.

    A check depends on its grasp alone, not on earlier ones. An object serves one thread.

    Args:
        part: one valid polygon, m, holes allowed.
        gripper: the jaw.
        settings: the assumptions.

    Raises:
        InputError: MuJoCo is not installed.
    """

    def __init__(
        self, part: shapely.Polygon, gripper: Gripper, settings: PhysicsSettings | None = None
    ) -> None:
        self.part, self.gripper = part, gripper
        self.settings = settings or PhysicsSettings()
        self._mujoco = import_mujoco()
        self._model = compile_jaw(part, gripper, self.settings)
        self._data = self._mujoco.MjData(self._model)
        self._force = closing_force(part, gripper, self.settings)
        self._centroid = shapely.get_coordinates(shapely.centroid(part))[0]
        brake = _TABLE_FRICTION * self._model.body_mass[1] * GRAVITY / _BRAKED_SPEED
        radius = np.hypot(*shapely.get_coordinates(centred(part)).T).max()
        # Friction under a disc bears a torque of two thirds of its radius times its force.
        self._brakes = np.repeat([brake, (2.0 / 3.0 * radius) ** 2 * brake], 3)
        self._steps = max(1, round(_BLOCK / self.settings.timestep))

    def check(self, action: NDArray[np.float64]) -> GraspOutcome:
        """Close, lift and shake.

        Args:
            action: grasp (x, y, theta) in the frame of the polygon, `[3]`, m and rad. The fingers
                are taken to be clear of the part.
        """
        least, greatest = (
            float(stop[0]) for stop in pad_stops(self.part, self.gripper, np.asarray(action)[None])
        )
        if not np.isfinite(least):
            return GraspOutcome(False, FAILURES[0], np.nan, np.nan, ())
        start = min(max(-least, greatest) + _GAP, 0.5 * self.gripper.opening)
        self._place(np.asarray(action, np.float64), start)
        stages = [self._stage("start")]
        failure = self._close()
        stages.append(self._stage("closed"))
        if failure:
            return GraspOutcome(False, failure, np.nan, np.nan, tuple(stages))
        failure, slip, turn = self._lift_and_shake(stages)
        stages.append(self._stage("end"))
        return GraspOutcome(not failure, failure, slip, turn, tuple(stages))

    def _place(self, action: NDArray[np.float64], start: float) -> None:
        model, data = self._model, self._data
        self._mujoco.mj_resetData(model, data)
        cos, sin = np.cos(action[2]), np.sin(action[2])
        x, y = self._centroid - action[:2]
        half = 0.5 * action[2]
        data.qpos[:7] = [
            cos * x + sin * y,
            cos * y - sin * x,
            0.0,
            np.cos(half),
            0,
            0,
            -np.sin(half),
        ]
        data.qpos[7:] = start
        data.qfrc_applied[6:] = -self._force
        model.opt.gravity[:] = 0.0
        model.dof_damping[:6] = self._brakes
        self._mujoco.mj_forward(model, data)

    def _close(self) -> str:
        """Close the jaw until all is at rest; the failure, empty if both pads touch."""
        data = self._data
        for _ in range(round(_LONGEST_CLOSING / _BLOCK)):
            self._mujoco.mj_step(self._model, data, nstep=self._steps)
            if data.qpos[7] < -self.gripper.compliance:  # the fingers behind the pads meet
                return FAILURES[1]
            speed = np.abs(data.qvel)
            at_rest = (
                max(speed[:3].max(), speed[6:].max()) < _SLOW and speed[3:6].max() < _SLOW_TURN
            )
            if at_rest and self._both_touch():
                break
        return "" if self._both_touch() else FAILURES[2]

    def _lift_and_shake(self, stages: list[Stage]) -> tuple[str, float, float]:
        model, data, settings = self._model, self._data, self.settings
        model.dof_damping[:6] = 0.0
        closed = self._stage("closed")
        held = -closed.rotation.T @ closed.place  # the part's point midway between the pads
        slip = turn = 0.0
        for number, direction in enumerate(((0, 0, 0), *_SHAKES)):
            model.opt.gravity[:] = settings.shake * np.array(direction) - (0.0, 0.0, GRAVITY)
            for _ in range(round(_PHASE / _BLOCK)):
                self._mujoco.mj_step(model, data, nstep=self._steps)
                rotation = data.xmat[1].reshape(3, 3)
                slip = float(np.linalg.norm(data.xpos[1] + rotation @ held))
                turn = _angle(closed.rotation, rotation)
                if slip > settings.max_slip:
                    return FAILURES[3], slip, turn
                if turn > settings.max_turn:
                    return FAILURES[4], slip, turn
            if number == 0:
                stages.append(self._stage("lifted"))
        return "" if self._both_touch() else FAILURES[2], slip, turn

    def _both_touch(self) -> bool:
        fingers = self._data.contact.geom.reshape(-1, 2)
        last = self._model.ngeom - 1
        return bool((fingers == last).any() and (fingers == last - 1).any())

    def _stage(self, name: str) -> Stage:
        data = self._data
        rotation = data.xmat[1].reshape(3, 3).copy()
        return Stage(name, data.xpos[1].copy(), rotation, float(data.qpos[7]))


def _angle(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Angle between two rotations, degrees."""
    cosine = 0.5 * (np.sum(before * after) - 1.0)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
