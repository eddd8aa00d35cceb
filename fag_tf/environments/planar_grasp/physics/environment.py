"""Planar grasps with the verdict of a physics simulation: the same task, with expensive labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.environment import PlanarGrasp
from fag_tf.environments.planar_grasp.physics.checks import GraspChecks, PartGrasps
from fag_tf.environments.planar_grasp.physics.settings import PhysicsSettings
from fag_tf.environments.planar_grasp.states import GraspState
from fag_tf.environments.planar_grasp.symmetries import symmetric_copy

__all__ = ["PlanarGraspPhysics"]


class PlanarGraspPhysics(PlanarGrasp):
    """Grasps of single parts on a table, judged by MuJoCo. Never imports TensorFlow by itself.

    States, observations and actions are those of `PlanarGrasp`. A grasp is feasible if its midpoint
    is on the table, the fingers come down beside the part, and the jaw then closes on it, lifts it
    and shakes it without losing it (`simulation.GraspSimulation`).

    There is no `truth`, because a grid of feasible grasps would take hours to compute. So
    `evaluate` gives the feasible rate alone.

    Args:
        image_size: pixels of a side of the picture.
        gripper: as in `PlanarGrasp`.
        default_share: as in `PlanarGrasp`.
        parts: as in `PlanarGrasp`.
        named_share: as in `PlanarGrasp`.
        thickness: height of every part, m.
        density: density of every part, kg/m^3.
        force: force of each pad, N.
        lever_force: whether the force follows from the gripper's `max_lever` instead.
        shake: acceleration of the shaking, m/s^2.
        max_slip: greatest distance that a part may slide in the jaw, m.
        max_turn: greatest angle that it may turn there, degrees.
        workers: number of processes that check, at most as many as there are processors.

    Raises:
        InputError: an option is not one of these, or MuJoCo is not installed.
    """

    name = "planar_grasp_physics"
    truth = None  # type: ignore[assignment]
    plain_feasibility = None  # type: ignore[assignment]

    def __init__(
        self,
        image_size: int = 128,
        gripper: str = "random",
        default_share: float = 0.5,
        parts: str | Mapping[str, str] = "mixed",
        named_share: float = 0.1,
        thickness: float = PhysicsSettings.thickness,
        density: float = PhysicsSettings.density,
        force: float = PhysicsSettings.force,
        lever_force: bool = PhysicsSettings.lever_force,
        shake: float = PhysicsSettings.shake,
        max_slip: float = PhysicsSettings.max_slip,
        max_turn: float = PhysicsSettings.max_turn,
        workers: int = 1,
    ) -> None:
        super().__init__(image_size, gripper, default_share, parts, named_share)
        settings = PhysicsSettings(
            thickness=thickness,
            density=density,
            force=force,
            lever_force=lever_force,
            shake=shake,
            max_slip=max_slip,
            max_turn=max_turn,
        )
        self.checks = GraspChecks(settings, workers)

    def feasibility(self, states: Sequence[GraspState], actions: NDArray[Any]) -> NDArray[np.bool_]:
        """The verdicts of the simulation on actions `[B, E, 3]`: booleans `[B, E]`."""
        tasks = [
            PartGrasps(state.part, state.gripper, grasps, state.pose)
            for state, grasps in zip(states, np.asarray(actions, np.float64), strict=True)
        ]
        labels = self.checks.feasibility(tasks)
        return np.array(labels, bool).reshape(np.shape(actions)[:2])

    def symmetric_copies(
        self, rng: np.random.Generator, states: Sequence[GraspState], actions: NDArray[Any]
    ) -> tuple[list[GraspState], NDArray[np.float32]]:
        """Move, turn and perhaps mirror; never scale, because weight depends on the scale."""
        pairs = [
            symmetric_copy(rng, state, grasps, scaled=False)
            for state, grasps in zip(states, actions, strict=True)
        ]
        return [copy for copy, _ in pairs], np.stack([carried for _, carried in pairs])
