"""A motion of an arm with seven joints between spheres, as an environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.motion.base import MotionEnvironment
from fag_tf.environments.motion.robot_arm import rules
from fag_tf.environments.motion.robot_arm.kinematics import JOINT_HIGH, JOINT_LOW
from fag_tf.spaces import ActionSpace, ArraySpec, Axis

__all__ = ["ArmState", "RobotArm"]

SPHERES = 20
_DRAWN = 30
_REACH = 0.807
_LEAST_RADIUS, _GREATEST_RADIUS = 0.2, 0.5
_JOINTS = tuple(f"joint{number}" for number in range(1, 8))
# The nearest number of single precision to 45 degrees is greater, and so out of range.
_CHANGE = float(np.nextafter(np.float32(rules.MAX_CHANGE), np.float32(0.0)))

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ArmState:
    """An arm among spheres, with the numbers of single precision.

    Attributes:
        joints: joint angles `[7]`, rad.
        spheres: centres (x, y, z) and radii, `[20, 4]`, m, the largest first; radius 0 stands for
            none.
    """

    joints: Array
    spheres: Array


class RobotArm(MotionEnvironment[ArmState]):
    """A Franka arm that changes all its joints at once and must not touch a sphere afterwards.

    An action is the change of each joint, at most 45 degrees. `rules` says when it is feasible.
    """

    name = "robot_arm"
    state_class = ArmState
    rules = rules.RULES
    action_space = ActionSpace([Axis(joint, -_CHANGE, _CHANGE, "rad") for joint in _JOINTS])

    def __init__(self) -> None:
        self.observation_spec = {
            "joints": ArraySpec((7,), names=_JOINTS, units=("rad",) * 7),
            "spheres": ArraySpec(
                (SPHERES, 4),
                unordered=True,
                presence=3,
                names=("x", "y", "z", "radius"),
                units=("m",) * 4,
            ),
        }

    def frame(self) -> Any:
        """The frame of its networks; see `fag_tf.environments.motion.networks.arm_frame`."""
        from fag_tf.environments.motion.networks.arm_frame import ArmFrame

        return ArmFrame(self.action_space, SPHERES)

    def draw_states(self, rng: np.random.Generator, batch: int) -> list[ArmState]:
        """Two poses within the limits, and spheres that neither meets; the arm is in the first."""
        return self.draw_motions(rng, batch)[0]

    def draw_motions(self, rng: np.random.Generator, batch: int) -> tuple[list[ArmState], Array]:
        """The states of `draw_states`, and the joint angles `[B, 7]` of their other poses, rad.

        Neither pose meets a sphere.
        """
        poses = _single(rng.uniform(JOINT_LOW, JOINT_HIGH, (2, batch, 7)))
        centres = rng.uniform(-_REACH, _REACH, (batch, _DRAWN, 3))
        radii = rng.uniform(_LEAST_RADIUS, _GREATEST_RADIUS, (batch, _DRAWN, 1))
        spheres = _single(np.concatenate([centres, radii], axis=-1))
        free = np.all([rules.clearance(pose, spheres) > 0.0 for pose in poses], axis=0)
        spheres[~free] = 0.0
        largest = np.argsort(-spheres[..., 3], axis=1, kind="stable")[:, :SPHERES]
        kept = np.take_along_axis(spheres, largest[..., None], axis=1)
        return [ArmState(*each) for each in zip(poses[0], kept, strict=True)], poses[1]

    def first_broken_rule(
        self, states: Sequence[ArmState], actions: NDArray[Any]
    ) -> NDArray[np.int8]:
        """The number of the first of `rules` that actions `[B, E, 7]` break, or 0: `[B, E]`."""
        return rules.first_broken_rule(*_arrays(states), actions)

    def violation(self, states: Sequence[ArmState], actions: NDArray[Any]) -> Array:
        """How far actions `[B, E, 7]` are from keeping the rules; see `rules.violation`."""
        return rules.violation(*_arrays(states), actions)

    def draw_samples(
        self,
        path: Path,
        state: ArmState,
        actions: NDArray[Any],
        feasibility: NDArray[Any] | None,
        title: str,
    ) -> None:
        """Write a picture of the arm after actions `[K, 7]`, coloured by the exact rules."""
        from fag_tf.environments.motion.robot_arm.drawing import save_motions

        save_motions(path, state.joints, state.spheres, actions, title)


def _single(values: Array) -> Array:
    """The nearest numbers of single precision, which an observation holds without rounding."""
    return values.astype(np.float32).astype(np.float64)


def _arrays(states: Sequence[ArmState]) -> tuple[Array, Array]:
    return (
        np.stack([state.joints for state in states]),
        np.stack([state.spheres for state in states]),
    )
