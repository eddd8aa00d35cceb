"""Rounds of collection: which actions are tried in fresh states, and what is remembered of them."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.config.schema import CollectConfig
from fag_tf.environments.base import Environment
from fag_tf.environments.validation import draw_states, observe, violation
from fag_tf.errors import InputError
from fag_tf.latents import stratified_latent
from fag_tf.networks.base import as_tensors
from fag_tf.spaces import ActionSpace, Observation, State
from fag_tf.training.augmentation import with_copies
from fag_tf.training.feasibility_checks import Checks, SerialChecks
from fag_tf.training.learner import Learner
from fag_tf.training.replay_memory import ExperienceBatch

__all__ = ["CollectedRound", "Collector", "drawn_actions", "least_certain"]

_COMPARED = 4
"""Actions of a round whose violations are compared with labels, after the first round."""


class CollectedRound(NamedTuple):
    """What a round found.

    Attributes:
        experience: to be remembered.
        interactions: checks asked of the environment.
        figures: the feasible rate of the actor's own actions, taken as they were drawn, and the
            critic's accuracy on them; empty if there are none.
        violation: how far each remembered action is from being feasible, `[B, E]`; None if the
            environment was not asked.
    """

    experience: ExperienceBatch
    interactions: int
    figures: dict[str, float]
    violation: NDArray[Any] | None = None


class StateBatch(NamedTuple):
    """States of a round before anything is tried, and the round's random numbers."""

    rng: np.random.Generator
    states: list[State]
    observation: Observation


class Collector:
    """Collects in rounds; the environment works while the networks go on to learn.

    The networks choose at once what is tried. Labels, copies and the next round's states are left
    to a second thread, and what it finds is taken over when `finish` is called. It is a function
    of the networks at `begin` and of the round's random numbers, so it does not matter how long
    it takes. Some actions are tried as they are drawn; the others are those of many more that
    the critic is least certain of, from which it learns most (uncertainty sampling, Lewis and Gale
    1994). The critic's opinion decides before the label is known, so what it learns is unbiased.

    Args:
        environment: draws the states, and makes copies of them.
        learner: whose actor proposes and whose critic is uncertain.
        settings: how many.
        rng_of: the random numbers of round k.
        background: whether there is a second thread. Without it `begin` does all.
        checks: label the actions; by default the environment does, in this process.
    """

    def __init__(
        self,
        environment: Environment,
        learner: Learner,
        settings: CollectConfig,
        rng_of: Callable[[int], np.random.Generator],
        background: bool,
        checks: Checks | None = None,
    ) -> None:
        self.environment = environment
        self.checks = SerialChecks(environment) if checks is None else checks
        self._learner, self._settings, self._rng_of = learner, settings, rng_of
        self._thread = ThreadPoolExecutor(1, "collection") if background else None
        self._fresh: tuple[int, Future[StateBatch]] | None = None
        self._pending: Future[CollectedRound] | None = None
        self._graded = 0  # rounds in which this process has asked for violations

    def begin(self, number: int, graded: bool = False) -> None:
        """Choose what is tried in round `number`; the round before must have been finished.

        Args:
            number: of the round.
            graded: whether the environment is asked how far actions are from being feasible.
        """
        prepared, self._fresh = self._fresh, None
        if prepared is not None and prepared[0] == number:
            fresh = prepared[1].result()
        else:
            fresh = self._prepare(number)
        actions, own, believed = self._choose(fresh)
        self._pending = self._later(self._settle, fresh, actions, own, believed, graded)
        if self._thread is not None:
            self._fresh = number + 1, self._later(self._prepare, number + 1)

    def finish(self) -> CollectedRound | None:
        """What the round that was begun found; None if there is none."""
        pending, self._pending = self._pending, None
        return None if pending is None else pending.result()

    def state_arrays(self) -> dict[str, NDArray[Any]]:
        """What a checkpoint must hold of a round that is not finished, which goes on as it was."""
        if self._pending is None:
            return {}
        collected = self._pending.result()
        experience = collected.experience
        named = {f"pending.observation.{name}": a for name, a in experience.observation.items()}
        figures = {f"pending.figure.{name}": np.array(v) for name, v in collected.figures.items()}
        amount = collected.violation
        return (
            named
            | figures
            | {
                "pending.actions": experience.actions,
                "pending.feasibility": experience.feasibility,
                "pending.interactions": np.array(collected.interactions),
            }
            | ({} if amount is None else {"pending.violation": amount})
        )

    def restore_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Inverse of `state_arrays`.

        Raises:
            InputError: the arrays are not of this collector's shape.
        """
        self._fresh = self._pending = None
        if "pending.actions" not in arrays:
            return

        def named(kind: str) -> dict[str, NDArray[Any]]:
            head = f"pending.{kind}."
            return {n.removeprefix(head): arrays[n] for n in arrays if n.startswith(head)}

        experience = ExperienceBatch(
            named("observation"), arrays["pending.actions"], arrays["pending.feasibility"]
        )
        shape = (self._settings.experiences, self.environment.action_space.dim)
        if experience.actions.shape[1:] != shape:
            raise InputError(f"the saved round lacks actions of shape {shape} a state")
        figures = {name: float(value) for name, value in named("figure").items()}
        self._pending = Future()
        self._pending.set_result(
            CollectedRound(
                experience,
                int(arrays["pending.interactions"]),
                figures,
                arrays.get("pending.violation"),
            )
        )

    def _later(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        if self._thread is not None:
            return self._thread.submit(function, *arguments)
        done: Future[Any] = Future()
        done.set_result(function(*arguments))
        return done

    def _prepare(self, number: int) -> StateBatch:
        rng = self._rng_of(number)
        states = draw_states(self.environment, rng, self._settings.states)
        return StateBatch(rng, states, observe(self.environment, states))

    def _choose(self, fresh: StateBatch) -> tuple[NDArray[np.float32], int, NDArray[np.bool_]]:
        """What is tried.

        Returns:
            Actions `[B, E, A]`, how many of each state are the actor's own, and which of these
            the critic takes for feasible `[B, own]`.
        """
        settings, space = self._settings, self.environment.action_space
        uncertain = round(settings.uncertain_share * settings.experiences)
        plain = settings.experiences - uncertain
        tensors = as_tensors(fresh.observation)
        count = plain + uncertain * settings.pool
        dim = self._learner.actor.latent_dim
        latent = stratified_latent(fresh.rng, settings.states, count, dim)
        acted = self._learner.act(tensors, tf.constant(latent)).numpy()
        first, own = drawn_actions(fresh.rng, space, settings, acted[:, :plain])
        pool, _ = drawn_actions(fresh.rng, space, settings, acted[:, plain:])
        offered = np.concatenate([first, pool], axis=1)
        logits = self._learner.logits(tensors, tf.constant(offered)).numpy()
        chosen = least_certain(logits[:, plain:], uncertain)
        taken = np.take_along_axis(pool, chosen[..., None], axis=1)
        return np.concatenate([first, taken], axis=1), own, logits[:, :own] > 0.0

    def _settle(
        self,
        fresh: StateBatch,
        actions: NDArray[np.float32],
        own: int,
        believed: NDArray[np.bool_],
        graded: bool,
    ) -> CollectedRound:
        amount = self._violation(fresh.states, actions) if graded else None
        feasible = self.checks(fresh.states, actions) if amount is None else amount == 0.0
        figures = {}
        if own:
            figures = {
                "feasible_rate": float(feasible[:, :own].mean()),
                "critic_accuracy": float((believed == feasible[:, :own]).mean()),
            }
        first = ExperienceBatch(fresh.observation, actions, feasible)
        copies = self._settings.copies
        kept = with_copies(self.environment, fresh.rng, copies, fresh.states, first)
        if amount is not None:
            # The copies are as far from being feasible; what they move out of the space is not.
            inside = self.environment.action_space.contains(kept.actions)
            repeated = np.tile(amount, (len(inside) // len(amount), 1))
            amount = np.where(inside, repeated, np.inf)
        return CollectedRound(kept, feasible.size, figures, amount)

    def _violation(self, states: list[State], actions: NDArray[np.float32]) -> NDArray[np.float64]:
        """The violations, which are the labels too; these are asked for to compare them.

        All labels in the first round, and then those of a few actions of one state, which is
        another one in each round.
        """
        number, self._graded = self._graded, self._graded + 1
        if number == 0:
            return violation(self.environment, states, actions)
        row, column = number % len(states), _COMPARED * number % actions.shape[1]
        compared = slice(row, row + 1), slice(column, column + _COMPARED)
        return violation(self.environment, states, actions, compared=compared)


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
