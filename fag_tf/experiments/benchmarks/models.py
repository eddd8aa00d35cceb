"""The measured saved model: its training configuration and its test states."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fag_tf.config.parsing import config_from_dict
from fag_tf.config.schema import Config
from fag_tf.deployment.model_card import CARD_FILE
from fag_tf.deployment.model_card_files import read_card
from fag_tf.deployment.model_folders import find_version
from fag_tf.environments.base import Environment
from fag_tf.environments.registry import check_installed, make_environment
from fag_tf.environments.validation import draw_states, evaluation_states
from fag_tf.spaces import State

__all__ = [
    "OffersPlainAlternatives",
    "searched_at_random",
    "trained_config",
    "trained_environment",
    "trial_states",
]


@runtime_checkable
class OffersPlainAlternatives(Protocol):
    """An environment with what somebody without this library would do, to measure it against."""

    def plain_feasibility(
        self, states: Sequence[State], actions: NDArray[Any]
    ) -> NDArray[np.bool_]:
        """The answers of `feasibility`, by the rules as plainly as they can be written."""
        ...

    def surroundings(self, state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Least and greatest actions `[A]` of the box that one would search at random."""
        ...


def trained_config(model: Path) -> Config:
    """The training configuration of a model, or the default if its card has no configuration.

    Raises:
        InputError: there is no such model, or the configuration in its card is invalid or names
            an environment that is not installed.
    """
    card = read_card(find_version(model) / CARD_FILE)
    values: dict[str, Any] = {"env": card.environment, **card.training}
    check_installed(values["env"], f"the card of {model}")
    return config_from_dict(values)


def trained_environment(model: Path) -> Environment:
    """The environment of a model's training.

    Raises:
        InputError: there is no such model or environment.
    """
    config = trained_config(model)
    return make_environment(config.env, config.env_options)


def trial_states(environment: Environment) -> dict[str, State]:
    """One state of each test object of the environment by name, or one state drawn at random."""
    rng = np.random.default_rng(0)
    if environment.offers("evaluation_states", "truth"):
        return {name: states[0] for name, states in evaluation_states(environment, rng, 1).items()}
    return {environment.name: draw_states(environment, rng, 1)[0]}


def searched_at_random(
    environment: OffersPlainAlternatives, state: State, rng: np.random.Generator, number: int
) -> NDArray[np.float32]:
    """Uniform actions `[n, A]` in the box that a random search would use."""
    low, high = environment.surroundings(state)
    return rng.uniform(low, high, (number, len(low))).astype(np.float32)
