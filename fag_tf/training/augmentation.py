"""What is known without trying: a label holds for all that is alike by a symmetry."""

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
    """The batch, then copies of its states with the same labels.

    What a network sees of a copy differs, so copies teach what would else need as many more
    interactions.

    Args:
        environment: whose states they are.
        rng: draws the copies.
        copies: of each state; none where the environment knows no symmetries.
        states: B of them.
        batch: what was tried in them.

    Returns:
        A batch of `B (1 + copies)` states.
    """
    if not environment.offers("symmetric_copies"):
        return batch
    space = environment.action_space
    # What fails only for lying outside the space stays outside, whatever becomes of its state.
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
