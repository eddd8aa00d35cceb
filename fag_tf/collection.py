"""Which actions are tried in fresh states, and what is remembered of them."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.config import CollectConfig
from fag_tf.environment import Environment
from fag_tf.environment_checks import draw_states, feasibility, observe
from fag_tf.latents import stratified_latent
from fag_tf.learner import Learner
from fag_tf.memory import ReplayMemory
from fag_tf.remembering import remember
from fag_tf.spaces import ActionSpace

__all__ = ["collect", "drawn_actions", "least_certain"]


def collect(
    environment: Environment,
    learner: Learner,
    memory: ReplayMemory,
    settings: CollectConfig,
    rng: np.random.Generator,
) -> tuple[int, dict[str, float]]:
    """Try actions in fresh states and remember what became of them.

    Some are taken as they are drawn; the others are those of many more that the critic is least
    certain of, from which it learns most (uncertainty sampling, Lewis and Gale 1994). What decides
    is the critic's opinion before the verdict, so its probabilities stay what they claim to be.

    Args:
        environment: draws the states and gives the verdicts.
        learner: whose actor proposes and whose critic is uncertain.
        memory: where they go.
        settings: how many.
        rng: the only source of randomness.

    Returns:
        Interactions, and the feasible rate of the actor's own actions, taken as they are drawn,
        with the critic's accuracy on them.
    """
    states = draw_states(environment, rng, settings.states)
    observation = observe(environment, states)
    tensors = {name: tf.constant(array) for name, array in observation.items()}
    space = environment.action_space
    uncertain = round(settings.uncertain_share * settings.experiences)
    plain = settings.experiences - uncertain
    count = plain + uncertain * settings.pool
    latent = stratified_latent(rng, settings.states, count, learner.actor.latent_dim)
    acted = learner.act(tensors, tf.constant(latent)).numpy()
    first, own = drawn_actions(rng, space, settings, acted[:, :plain])
    pool, _ = drawn_actions(rng, space, settings, acted[:, plain:])
    logits = learner.judge(tensors, tf.constant(np.concatenate([first, pool], axis=1))).numpy()
    chosen = least_certain(logits[:, plain:], uncertain)
    actions = np.concatenate([first, np.take_along_axis(pool, chosen[..., None], axis=1)], axis=1)
    feasible = feasibility(environment, states, actions)
    remember(environment, memory, rng, settings.copies, states, observation, actions, feasible)
    if not own:
        return feasible.size, {}
    right = (logits[:, :own] > 0.0) == feasible[:, :own]
    figures = {
        "feasible_rate": float(feasible[:, :own].mean()),
        "critic_accuracy": float(right.mean()),
    }
    return feasible.size, figures


def drawn_actions(
    rng: np.random.Generator,
    space: ActionSpace,
    settings: CollectConfig,
    actions: NDArray[np.float32],
) -> tuple[NDArray[np.float32], int]:
    """The actor's actions `[B, E, A]`, shares of them perturbed or replaced by uniform ones.

    Returns:
        The actions, and how many of each state are the actor's own, the first ones.
    """
    batch, count, dim = actions.shape
    uniform = round(settings.uniform_share * count)
    perturbed = min(round(settings.perturbed_share * count), count - uniform)
    own = count - uniform - perturbed
    noise = settings.perturbation * space.half_range * rng.standard_normal((batch, perturbed, dim))
    parts: list[NDArray[Any]] = [
        actions[:, :own],
        space.wrap((actions[:, own : own + perturbed] + noise).astype(np.float32)),
        space.sample(rng, (batch, uniform)),
    ]
    return np.concatenate(parts, axis=1), own


def least_certain(logits: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Of each state's actions the `count` whose probabilities are nearest to 1/2, `[B, count]`."""
    return np.argsort(np.abs(logits), axis=1, kind="stable")[:, :count]
