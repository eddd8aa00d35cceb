"""Pictures of samples on an environment's evaluation states, for those that can be drawn."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fag_tf.environment import EnumerableTruth, Environment
from fag_tf.evaluation import KEEP_FROM, Sampler

__all__ = ["draw_examples"]


def draw_examples(
    environment: Environment,
    sampler: Sampler,
    folder: str | os.PathLike[str],
    *,
    objects: Sequence[str] | None = None,
    num_samples: int = 512,
    seed: int = 0,
) -> list[Path]:
    """Draw samples of one state of each object: grasps on it, or points of a plane.

    Args:
        environment: what cannot be drawn is passed over: neither grasps nor two axes.
        sampler: gives actions and, if it has a critic, feasibility; grasps below 0.5 are left out.
        folder: where to write `OBJECT.png`.
        objects: names; all evaluation objects if None.
        num_samples: of each state.
        seed: of states and samples.

    Returns:
        The files written.

    Raises:
        InputError: there is no such object, or a file cannot be written.
    """
    from fag_tf.environments.planar_grasp.environment import GraspState
    from fag_tf.environments.planar_grasp.overlay import save_overlay
    from fag_tf.figures import save_figure, scatter_figure

    if not isinstance(environment, EnumerableTruth):
        return []
    states = environment.evaluation_states(np.random.default_rng([seed, 0]), 1, objects)
    written = []
    for name, (state,) in states.items():
        observation = environment.observe([state])
        actions, feasibility = sampler(observation, num_samples, seed)
        path = Path(folder) / f"{name}.png"
        if isinstance(state, GraspState):
            shown = (
                np.ones(num_samples, bool) if feasibility is None else feasibility[0] >= KEEP_FROM
            )
            title = f"{name}: {int(shown.sum())} of {num_samples} samples are kept by the critic"
            save_overlay(
                path,
                observation["image"][0, ..., 0],
                actions[0, shown],
                None if feasibility is None else feasibility[0, shown],
                state.gripper,
                title if feasibility is not None else f"{name}: {num_samples} samples",
            )
        elif environment.action_space.dim == 2:
            verdicts = environment.feasibility([state], actions)
            figure = scatter_figure(environment.truth(state), actions[0], verdicts[0], name)
            save_figure(figure, path)
        else:
            continue
        written.append(path)
    return written
