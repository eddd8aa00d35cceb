"""The tasks under their names for `gymnasium.make`."""

from typing import Any

import gymnasium

__all__ = ["register_tasks"]

_PATH = "fag_tf.rl.tasks.spline_path:SplinePathEnv"
_ARM = "fag_tf.rl.tasks.robot_arm:RobotArmEnv"
_MUJOCO = "fag_tf.rl.tasks.constrained_mujoco:ConstrainedMujocoEnv"

# Where the class of each task is, after how many steps an episode is cut off, and arguments.
_TASKS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "fag_tf/SplinePath-v0": (_PATH, 60, {}),
    "fag_tf/RobotArm-v0": (_ARM, 100, {}),
    "fag_tf/ReacherConstrained-v0": (_MUJOCO, 50, {"task": "Reacher"}),
    "fag_tf/HalfCheetahConstrained-v0": (_MUJOCO, 1000, {"task": "HalfCheetah"}),
    "fag_tf/HopperConstrained-v0": (_MUJOCO, 1000, {"task": "Hopper"}),
    "fag_tf/Walker2dConstrained-v0": (_MUJOCO, 1000, {"task": "Walker2d"}),
}


def register_tasks() -> None:
    """Make the tasks known to Gymnasium. Those that are known already stay as they are."""
    for name, (entry_point, steps, arguments) in _TASKS.items():
        if name not in gymnasium.registry:
            gymnasium.register(
                name, entry_point=entry_point, max_episode_steps=steps, kwargs=arguments
            )
