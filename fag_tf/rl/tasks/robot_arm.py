"""The task `fag_tf/RobotArm-v0`: an arm brings its flange to a pose among spheres."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from fag_tf.environments.motion.robot_arm.environment import ArmState, RobotArm
from fag_tf.environments.motion.robot_arm.kinematics import (
    JOINT_HIGH,
    JOINT_LOW,
    frames,
    link_ends,
)
from fag_tf.environments.motion.robot_arm.rules import least_gap
from fag_tf.rl.tasks.motion_task import MotionTask, nearest_single, single_box

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "ANGLE_WEIGHT",
    "BONUS",
    "NEAR_ANGLE",
    "NEAR_DISTANCE",
    "RobotArmEnv",
    "flange_pose",
    "rotation_vector",
]

ANGLE_WEIGHT = 0.3
"""Reward for 1 rad of progress in angle, where 1 m of progress in distance earns 1."""

NEAR_DISTANCE = 0.05
"""Distance of the flange from its goal below which the goal can be reached, m."""

NEAR_ANGLE = 0.25
"""Angle between the flange and its goal below which the goal can be reached, rad."""

BONUS = 1.0
"""Reward for reaching the goal."""

# No flange is farther from the base, nor from another flange than twice this, m.
_FARTHEST = 1.3

Array = NDArray[np.float64]


class RobotArmEnv(MotionTask[ArmState]):
    """An arm moves all its joints at once, step by step, until its flange has the goal's pose.

    An action is the change of the seven joints, feasible by the four rules of
    `fag_tf.environments.motion.robot_arm`. The goal is the flange's pose of the other arm pose
    with which the environment draws a state, so some pose of the arm reaches it.

    The reward of a step is the progress in distance, m, plus `ANGLE_WEIGHT` times the progress in
    angle, rad. The goal is reached at less than `NEAR_DISTANCE` and `NEAR_ANGLE`; this is a
    success, earns `BONUS` and ends the episode.

    Observed are `joints` `[7]` and `spheres` `[20, 4]` as by the environment; `goal` `[9]`: the
    position and the axes x and y of the goal, in the base's frame; and `error` `[6]`: the way from
    the flange to the goal, m, and the rotation vector from the flange's axes to the goal's, rad,
    both in the base's frame.

    Args:
        render_mode: `rgb_array` for pictures of the arm, or None.

    Attributes:
        state: the environment's state, None before the first reset.
        goal: position `[3]` and rotation matrix `[3, 3]` of the goal.
    """

    def __init__(self, render_mode: str | None = None) -> None:
        goal = np.array([_FARTHEST] * 3 + [1.0] * 6)
        # A rotation vector is no longer than pi but for rounding.
        error = np.array([2.0 * _FARTHEST] * 3 + [np.pi + 1e-3] * 3)
        super().__init__(
            RobotArm(),
            {
                "joints": (JOINT_LOW - 1e-6, JOINT_HIGH + 1e-6),  # room for single precision
                "spheres": ([-1.0, -1.0, -1.0, 0.0], 1.0),
            },
            {"goal": single_box(-goal, goal), "error": single_box(-error, error)},
            render_mode,
        )
        self.goal: tuple[Array, Array] = (np.zeros(3), np.eye(3))
        self._error: Array = np.zeros(6)
        self._trail: list[Array] = []

    def _begin(self, rng: np.random.Generator) -> ArmState:
        environment: Any = self.environment
        (state,), others = environment.draw_motions(rng, 1)
        self.goal = flange_pose(others[0])
        begin = flange_pose(state.joints)
        self._error = self._error_of(begin)
        self._trail = [begin[0]]
        drawn: ArmState = state
        return drawn

    def _error_of(self, flange: tuple[Array, Array]) -> Array:
        """Way and rotation vector `[6]` from a flange's pose to the goal, m and rad."""
        turn = rotation_vector(self.goal[1] @ flange[1].T)
        return np.concatenate([self.goal[0] - flange[0], turn])

    def _advance(self, state: ArmState, action: Array) -> tuple[ArmState, float]:
        joints = nearest_single(state.joints + action, lambda each: _may_stand(each, state.spheres))
        flange = flange_pose(joints)
        (distance, angle), self._error = _distance_and_angle(self._error), self._error_of(flange)
        distance_left, angle_left = _distance_and_angle(self._error)
        reward = (distance - distance_left) + ANGLE_WEIGHT * (angle - angle_left)
        if self.render_mode is not None:
            self._trail.append(flange[0])
        return ArmState(joints, state.spheres), reward + BONUS * self._reached()

    def _reached(self) -> bool:
        distance, angle = _distance_and_angle(self._error)
        return distance < NEAR_DISTANCE and angle < NEAR_ANGLE

    def _note_broken_rule(self, state: ArmState) -> None:
        """There is nothing to note: to stay is always feasible."""

    def _goal_observation(self, state: ArmState) -> dict[str, NDArray[np.float32]]:
        place, axes = self.goal
        goal = np.concatenate([place, axes[:, 0], axes[:, 1]])
        return {"goal": goal.astype(np.float32), "error": self._error.astype(np.float32)}

    def _report(self) -> dict[str, Any]:
        distance, angle = _distance_and_angle(self._error)
        return {"distance": distance, "angle": angle, "is_success": self._reached()}

    def _figure(self, state: ArmState) -> "Figure":
        from fag_tf.rl.tasks.pictures import arm_figure

        return arm_figure(state, self.goal, np.array(self._trail), _distance_and_angle(self._error))


def flange_pose(joints: Array) -> tuple[Array, Array]:
    """Position `[3]`, m, and rotation matrix `[3, 3]` of the flange at joint angles `[7]`, rad."""
    *_, flange = frames(joints[:, None])
    return flange.origin[:, 0], np.column_stack([flange.x, flange.y, flange.z])


def rotation_vector(matrix: Array) -> Array:
    """The rotation vector `[3]` of a rotation matrix `[3, 3]`, rad, no longer than pi."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = matrix.tolist()
    axis = 0.5 * np.array([zy - yz, xz - zx, yx - xy])  # times the sine of the angle
    sine = float(np.sqrt(axis @ axis))
    if sine < 1e-6:  # the axis is lost by rounding
        found: Array = Rotation.from_matrix(matrix).as_rotvec()
        return found
    return axis * (np.arctan2(sine, 0.5 * (xx + yy + zz - 1.0)) / sine)


def _distance_and_angle(error: Array) -> tuple[float, float]:
    return float(np.sqrt(error[:3] @ error[:3])), float(np.sqrt(error[3:] @ error[3:]))


def _may_stand(joints: Array, spheres: Array) -> NDArray[np.bool_]:
    """Whether arms with joint angles `[n, 7]` keep the limits and meet no sphere, `[n]`."""
    within = np.all((joints >= JOINT_LOW) & (joints <= JOINT_HIGH), axis=-1)
    ends = link_ends(joints.T)
    free: NDArray[np.bool_] = least_gap(ends, np.tile(spheres, (len(joints), 1, 1))) > 0.0
    return within & free
