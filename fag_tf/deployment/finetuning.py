"""Fine-tuning of a saved model for one part, one gripper or other states than in its training.

Only the networks' weights are kept. Optimisers, replay memory and schedules start anew. The kernels
start with the final bandwidth of the earlier training, so that training does not undo what the
networks have learned.
"""

import os
from typing import TYPE_CHECKING, Any

from fag_tf.config.legacy import upgraded
from fag_tf.deployment.checksums import check_files
from fag_tf.deployment.model_card import CARD_FILE
from fag_tf.deployment.model_card_files import read_card
from fag_tf.deployment.model_folders import find_version
from fag_tf.environments.registry import check_installed
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.training.learner import Learner

__all__ = ["finetuning_values", "load_weights"]

_SHORT: dict[str, dict[str, Any]] = {
    "trainer": {"steps": 600, "checkpoint_every": 100},
    "actor": {"learning_rate": {"start": 3e-4, "end": 3e-5, "shape": "cosine"}},
    "critic": {
        "learning_rate": {"start": 3e-4, "end": 3e-5, "shape": "cosine"},
        "warmup_steps": 50,
    },
    "collect": {"every": 8},
}


def finetuning_values(model: str | os.PathLike[str], env: str | None = None) -> dict[str, Any]:
    """The configuration of a model's training, with fewer steps and lower learning rates.

    Its schedules start at their final values.

    Args:
        model: folder of the model.
        env: the environment that the user names, in place of the one in the card.

    Raises:
        InputError: there is no such model, its card does not contain its training configuration,
            or the card alone names an environment that is not installed.
    """
    card = read_card(find_version(model) / CARD_FILE)
    if not card.training:
        raise InputError(f"the card of {model} does not say how it was trained; it cannot go on")
    values: dict[str, Any] = _at_their_end(upgraded(card.training))
    if env is not None:
        values["env"] = env
    elif "env" in values:
        remedy = f"name it yourself (--env {values['env']}), or "
        check_installed(values["env"], f"the card of {model}", remedy)
    for table, changes in _SHORT.items():
        told = values.get(table, {})
        if not isinstance(told, dict):
            raise InputError(f"the card of {model} has {table} {told!r}, no object")
        values[table] = {**told, **changes}
    return values


def _at_their_end(value: Any) -> Any:
    """The same values, with each schedule replaced by its final value."""
    if not isinstance(value, dict):
        return value
    if {"start", "end"} <= set(value):
        return {"start": value["end"], "end": value["end"]}
    return {name: _at_their_end(entry) for name, entry in value.items()}


def load_weights(learner: "Learner", model: str | os.PathLike[str]) -> None:
    """Give a learner the weights of the actor and the critic of a saved model.

    Raises:
        InputError: the model is damaged, or its networks have other shapes than the learner's.
    """
    import tensorflow as tf

    from fag_tf._utils.standard_error import silent_stderr
    from fag_tf._utils.tensorflow import tensorflow_reason
    from fag_tf.networks.base import weights_of

    directory = find_version(model)
    card = read_card(directory / CARD_FILE)
    kept = {name: checksum for name, checksum in card.files.items() if name.startswith("variables")}
    check_files(directory, kept)
    saved = tf.train.Checkpoint(
        actor_weights=weights_of(learner.actor), critic_weights=weights_of(learner.critic)
    )
    try:
        with silent_stderr():  # on what the exception says too
            status = saved.read(str(directory / "variables" / "variables"))
        status.assert_existing_objects_matched().expect_partial()
    except tf.errors.OpError as error:
        raise InputError(f"cannot read {directory}: {tensorflow_reason(error)}") from error
    except (AssertionError, ValueError) as error:
        raise InputError(
            f"the networks of {directory} do not fit this configuration; leave env, widths, depths "
            "and steps as they were"
        ) from error
    learner.actor_average.settle()
    learner.critic_average.settle()
