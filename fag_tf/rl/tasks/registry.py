"""The tasks under their names for `gymnasium.make`."""

import gymnasium

__all__ = ["MOTION_TASKS", "register_tasks"]

MOTION_TASKS = {
    "fag_tf/SplinePath-v0": ("fag_tf.rl.tasks.spline_path:SplinePathEnv", 60),
    "fag_tf/RobotArm-v0": ("fag_tf.rl.tasks.robot_arm:RobotArmEnv", 100),
}
"""Where the class of each task of motion is, and after how many steps an episode is cut off."""


def register_tasks() -> None:
    """Make the tasks known to Gymnasium. Those that are known already stay as they are."""
    for name, (entry_point, steps) in MOTION_TASKS.items():
        if name not in gymnasium.registry:
            gymnasium.register(name, entry_point=entry_point, max_episode_steps=steps)
