"""Pictures of samples on an environment's evaluation states."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fag_tf._utils.figures import save_figure
from fag_tf.environments import validation as check
from fag_tf.environments.base import Environment, SampleFn
from fag_tf.environments.grid_truth import GridTruth
from fag_tf.evaluation.evaluate import KEEP_FROM
from fag_tf.evaluation.plots import scatter_figure

__all__ = ["draw_examples"]


def draw_examples(
    environment: Environment,
    sampler: SampleFn,
    folder: str | os.PathLike[str],
    *,
    objects: Sequence[str] | None = None,
    num_samples: int = 512,
    seed: int = 0,
) -> list[Path]:
    """Draw samples of one state of each object.

    An environment with `draw_samples` draws the picture itself. If it has no `draw_samples`, an
    action space of two axes with a `GridTruth` is drawn as a scatter plot. Other states are
    skipped.

    Args:
        environment: gives the states.
        sampler: gives actions, and feasibility if it has a critic. Pictures of `draw_samples`
            leave out samples with a feasibility below 0.5.
        folder: folder for the files `OBJECT.png`.
        objects: names of the objects; all evaluation objects if None.
        num_samples: number of samples of each state.
        seed: seed of states and samples.

    Returns:
        The paths of the files.

    Raises:
        InputError: an object is unknown, or a file cannot be written.
    """
    own = environment.offers("draw_samples")
    drawable = own or environment.action_space.dim == 2
    # To draw samples that nobody is shown is dear: a run's policy is built for their number.
    if not (drawable and environment.offers("evaluation_states", "truth")):
        return []
    written = []
    rng = np.random.default_rng([seed, 0])
    states = check.evaluation_states(environment, rng, 1, objects)
    for name, (state,) in states.items():
        actions, feasibility = sampler(check.observe(environment, [state]), num_samples, seed)
        path = Path(folder) / f"{name}.png"
        if own:
            shown = np.full(num_samples, True)
            title = f"{name}: {num_samples} samples"
            if feasibility is not None:
                shown = feasibility[0] >= KEEP_FROM
                title = f"{name}: the critic keeps {shown.sum()} of {num_samples} samples"
            believed = None if feasibility is None else feasibility[0, shown]
            check.call_user_code(
                f"environment {environment.name!r}: draw_samples",
                environment.draw_samples,
                *(path, state, actions[0, shown], believed, title),
            )
        else:
            truth = check.truth_of(environment, state)
            if not isinstance(truth, GridTruth):
                continue
            labels = check.feasibility(environment, [state], actions)
            save_figure(scatter_figure(truth, actions[0], labels[0], name), path)
        written.append(path)
    return written
