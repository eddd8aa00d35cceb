"""Feasible actions of the motion tasks, without a model."""

import numpy as np

from fag_tf.rl.tasks.path_scene import prepared_paths


def candidates(task, rng, count=300):
    """Actions `[k, A]` in single precision, of which some are feasible in most states."""
    if "pose" in task.constraint.observation_spec:
        return prepared_paths(task.state.pose).astype(np.float32)
    return 0.4 * task.constraint.action_space.sample(rng, count)


def feasible_action(task, rng):
    """One feasible action `[A]`, or None where none is found."""
    actions = candidates(task, rng)
    actions = actions[task.environment.feasibility([task.state], actions[None])[0]]
    return actions[rng.integers(len(actions))] if len(actions) else None
