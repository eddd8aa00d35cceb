"""What was tried goes into the replay memory, and with it what is then known without trying."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fag_tf.environment import Environment, HasSymmetries, Observation, State
from fag_tf.environment_checks import observe, symmetric_copies
from fag_tf.memory import ReplayMemory

__all__ = ["remember"]


def remember(
    environment: Environment,
    memory: ReplayMemory,
    rng: np.random.Generator,
    copies: int,
    states: Sequence[State],
    observation: Observation,
    actions: NDArray[np.float32],
    feasible: NDArray[np.bool_],
) -> None:
    """Store states with their actions and verdicts, and copies of them by symmetry.

    A verdict holds for all that is alike by a symmetry of the environment, but what a network sees
    of it differs: copies teach what would else need as many more interactions.

    Args:
        environment: whose states they are.
        memory: where they go.
        rng: draws the copies.
        copies: of each state; none where the environment knows no symmetries.
        states: B of them.
        observation: of the states.
        actions: tried in them, `[B, E, A]`.
        feasible: what came of each, `[B, E]`.
    """
    memory.add(observation, actions, feasible)
    if not isinstance(environment, HasSymmetries):
        return
    space = environment.action_space
    # What fails only for lying outside the space stays outside, whatever becomes of its state.
    tried = space.contains(actions)
    for _ in range(copies):
        alike, carried = symmetric_copies(environment, rng, states, actions)
        carried = np.where(tried[..., None], carried, actions)
        memory.add(observe(environment, alike), carried, feasible & space.contains(carried))
