"""Data augmentation with the symmetries of an environment, which change no label."""

from collections.abc import Sequence

import numpy as np

from fag_tf.environments.base import Environment
from fag_tf.environments.validation import observe, symmetric_copies
from fag_tf.spaces import State
from fag_tf.training.replay_memory import ExperienceBatch

__all__ = ["with_copies"]


def with_copies(
    environment: Environment,
    rng: np.random.Generator,
    copies: int,
    states: Sequence[State],
    batch: ExperienceBatch,
) -> ExperienceBatch:
    """Append symmetric copies of the states, with their actions and labels, to a batch.

    A copy has other observations than its state, so a network learns from copies without further
    interactions.

    Args:
        environment: environment of the states.
        rng: draws the copies.
        copies: number of copies of each state. An environment without symmetries gives none.
        states: B states.
        batch: experience of the B states.

    Returns:
        A batch of `B (1 + copies)` states: the given batch, then the copies. An action that
        leaves the action space in a copy becomes infeasible.
    """
    if not environment.offers("symmetric_copies"):
        return batch
    space = environment.action_space
    # An action outside the space is not moved, so its copy is infeasible too.
    tried = space.contains(batch.actions)[..., None]
    parts = [batch]
    for _ in range(copies):
        alike, carried = symmetric_copies(environment, rng, states, batch.actions)
        carried = np.where(tried, carried, batch.actions)
        feasible = batch.feasibility & space.contains(carried)
        parts.append(ExperienceBatch(observe(environment, alike), carried, feasible))
    return ExperienceBatch(
        {
            name: np.concatenate([part.observation[name] for part in parts])
            for name in batch.observation
        },
        np.concatenate([part.actions for part in parts]),
        np.concatenate([part.feasibility for part in parts]),
    )
