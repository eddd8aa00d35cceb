"""What is known without trying: verdicts hold for all that is alike by a symmetry."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.base import Environment
from fag_tf.environments.validation import observe, symmetric_copies
from fag_tf.spaces import Observation, State

__all__ = ["Verdicts", "with_copies"]


class Verdicts(NamedTuple):
    """States with what was tried in them, as `ReplayMemory.add` takes it.

    Attributes:
        observation: of the states, named arrays `[B, ...]`.
        actions: `[B, E, A]` float32.
        feasibility: `[B, E]`, booleans.
    """

    observation: Observation
    actions: NDArray[np.float32]
    feasibility: NDArray[np.bool_]


def with_copies(
    environment: Environment,
    rng: np.random.Generator,
    copies: int,
    states: Sequence[State],
    verdicts: Verdicts,
) -> Verdicts:
    """The verdicts, then those of copies of their states.

    What a network sees of a copy differs, so copies teach what would else need as many more
    interactions.

    Args:
        environment: whose states they are.
        rng: draws the copies.
        copies: of each state; none where the environment knows no symmetries.
        states: B of them.
        verdicts: on what was tried in them.

    Returns:
        Those of `B (1 + copies)` states.
    """
    if not environment.offers("symmetric_copies"):
        return verdicts
    space = environment.action_space
    # What fails only for lying outside the space stays outside, whatever becomes of its state.
    tried = space.contains(verdicts.actions)[..., None]
    parts = [verdicts]
    for _ in range(copies):
        alike, carried = symmetric_copies(environment, rng, states, verdicts.actions)
        carried = np.where(tried, carried, verdicts.actions)
        feasible = verdicts.feasibility & space.contains(carried)
        parts.append(Verdicts(observe(environment, alike), carried, feasible))
    return Verdicts(
        {
            name: np.concatenate([part.observation[name] for part in parts])
            for name in verdicts.observation
        },
        np.concatenate([part.actions for part in parts]),
        np.concatenate([part.feasibility for part in parts]),
    )
