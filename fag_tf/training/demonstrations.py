"""Imitation examples: feasible actions that an expert gives before training starts."""

from collections.abc import Callable

import numpy as np

from fag_tf.config.schema import CollectConfig
from fag_tf.environments.base import Environment
from fag_tf.environments.validation import draw_states, feasibility, observe, truth_of
from fag_tf.errors import InputError
from fag_tf.training.augmentation import with_copies
from fag_tf.training.replay_memory import ExperienceBatch, ReplayMemory

__all__ = ["remember_examples"]

# Greatest number of states per example found, before the search is given up.
_PATIENCE = 100


def remember_examples(
    environment: Environment,
    memory: ReplayMemory,
    collect: CollectConfig,
    rng_of: Callable[[int], np.random.Generator],
) -> int:
    """Store feasible actions from the environment's truth and about as many uniform actions.

    Args:
        environment: the expert. It must offer `truth`.
        memory: replay memory in which the actions are stored.
        collect: options of the collection. `num_imitation` is the least number of examples,
            `experiences` the number of actions in each state.
        rng_of: function that gives a random generator for the n-th state.

    Returns:
        Number of interactions: the uniform actions that were checked. The examples cost none.

    Raises:
        InputError: the environment cannot enumerate its truth, or too few states have feasible
            actions.
    """
    wanted = collect.num_imitation
    if not environment.offers("evaluation_states", "truth"):
        raise InputError(
            f"collect.num_imitation is {wanted}, but environment {environment.name!r} has no "
            "`truth` to take examples from; set it to 0"
        )
    share = max(collect.experiences // 2, 1)
    given, drawn, interactions = 0, 0, 0
    while given < wanted:
        if drawn > _PATIENCE * (given + 1):
            raise InputError(f"of {drawn} states only {given} examples could be taken")
        rng = rng_of(drawn)
        drawn += 1
        states = draw_states(environment, rng, 1)
        truth = truth_of(environment, states[0])
        if truth.is_empty:
            continue
        # A cell is checked at its centre, so an action near its edge may be infeasible.
        near = truth.sample(rng, 4 * share).astype(np.float32)
        examples = near[feasibility(environment, states, near[None])[0]][:share]
        if not len(examples):
            continue
        examples = examples[np.arange(share) % len(examples)]
        others = environment.action_space.sample(rng, collect.experiences - share)
        labels = feasibility(environment, states, others[None])[0]
        known = ExperienceBatch(
            observe(environment, states),
            np.concatenate([examples, others])[None],
            np.concatenate([np.ones(share, bool), labels])[None],
        )
        memory.add(with_copies(environment, rng, collect.copies, states, known))
        interactions += labels.size
        given += share
    return interactions
