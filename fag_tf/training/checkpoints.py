"""Checkpoints of a trainer: whole directories, made beside their place and then renamed."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from fag_tf._utils.arrays import open_arrays
from fag_tf._utils.files import write_directory_atomically
from fag_tf._utils.standard_error import silent_stderr
from fag_tf._utils.tensorflow import tensorflow_reason
from fag_tf.config.parsing import config_to_dict
from fag_tf.config.schema import Config
from fag_tf.errors import InputError
from fag_tf.networks.base import weights_of
from fag_tf.training.checkpoint_folders import checkpoint_folders, checkpoint_name
from fag_tf.training.kept_configuration import COUNTERS_FILE, KEPT

if TYPE_CHECKING:
    from fag_tf.training.learner import Learner
    from fag_tf.training.trainer import Trainer

__all__ = ["restore_checkpoint", "restore_networks", "save_checkpoint"]

_KEEP = 2

_FORMAT = 2
"""Of a checkpoint; 1, which has none written down, lacks the figures since the last report."""

_MOST_PENDING = 1 << 30
"""Greatest size of a round that is not finished, bytes."""

_COUNTERS = ("step", "interactions", "collected_rounds")  # of `Trainer.counters`


class _OtherFormatError(InputError):
    """A checkpoint is of a later version."""


def _tracked(learner: "Learner") -> tf.train.Checkpoint:
    # As lists of weights: TensorFlow finds none that a layer keeps in nested lists.
    return tf.train.Checkpoint(
        actor=weights_of(learner.actor),
        critic=weights_of(learner.critic),
        averaged_actor=weights_of(learner.averaged_actor),
        averaged_critic=weights_of(learner.averaged_critic),
        actor_optimizer=learner.actor_optimizer,
        critic_optimizer=learner.critic_optimizer,
        actor_average_steps=learner.actor_average.steps,
        critic_average_steps=learner.critic_average.steps,
    )


def save_checkpoint(trainer: "Trainer", directory: Path, config: Config | None = None) -> Path:
    """Write everything that training needs to go on; the two newest checkpoints are kept.

    Args:
        trainer: what is saved.
        directory: folder of the checkpoints.
        config: configuration of the run, for `kept_configuration.check_unedited`; None outside of
            a run.

    Raises:
        InputError: it cannot be written. The earlier ones stay as they are.
    """
    for left in directory.glob(".*.partial"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    target = directory / checkpoint_name(trainer.step)
    with write_directory_atomically(target) as partial:
        try:
            _tracked(trainer.learner).write(str(partial / "weights"))
        except tf.errors.OpError as error:  # how TensorFlow reports a full disk
            raise OSError(None, tensorflow_reason(error)) from error
        arrays: dict[str, Any] = trainer.memory.state_arrays() | trainer.collector.state_arrays()
        np.savez_compressed(partial / "memory.npz", **arrays)
        counters = trainer.counters() | {
            "format": _FORMAT,
            "since_report": trainer.window.state(),
        }
        if config is not None:
            counters[KEPT] = config_to_dict(config)
        (partial / COUNTERS_FILE).write_text(json.dumps(counters), encoding="utf-8")
    for old in checkpoint_folders(directory)[:-_KEEP]:
        shutil.rmtree(old)
    return target


def restore_checkpoint(trainer: "Trainer", checkpoint: Path) -> None:
    """Bring a trainer of the same configuration to where it was.

    Raises:
        InputError: a file is missing, cut short, or belongs to another configuration.
    """
    with _damage_told(checkpoint):
        counters, since_report = _read_networks(trainer.learner, checkpoint)
        trainer.window.restore(since_report)
        most = 2 * trainer.memory.nbytes + _MOST_PENDING
        with open_arrays(checkpoint / "memory.npz", most) as arrays:
            trainer.memory.restore_arrays(arrays)
            trainer.collector.restore_arrays(arrays)
        trainer.restore_counters(counters)


def restore_networks(learner: "Learner", checkpoint: Path) -> dict[str, int]:
    """Bring the networks alone to where they were, without the replay memory.

    Returns:
        `Trainer.counters` of then.

    Raises:
        InputError: as `restore_checkpoint`.
    """
    with _damage_told(checkpoint):
        return _read_networks(learner, checkpoint)[0]


def _read_networks(learner: "Learner", checkpoint: Path) -> tuple[dict[str, int], Any]:
    """Read the networks; gives the counters and the figures since the last report."""
    counters = json.loads((checkpoint / COUNTERS_FILE).read_text(encoding="utf-8"))
    counters.pop(KEPT, None)
    version = counters.pop("format", 1)
    since_report = counters.pop("since_report", {})
    if type(version) is not int or not 1 <= version <= _FORMAT:
        raise _OtherFormatError(
            f"checkpoint {checkpoint} has format {version!r}; this version reads 1 to {_FORMAT}, "
            "so go on with the version that wrote it"
        )
    with silent_stderr():  # on what the exception says too
        _tracked(learner).read(str(checkpoint / "weights")).assert_consumed()
    for name in _COUNTERS:
        if type(counters[name]) is not int or counters[name] < 0:
            raise InputError(f"its counter of {name} is {counters[name]!r}")
    if checkpoint.name != checkpoint_name(counters["step"]):
        raise InputError(f"its counters are of step {counters['step']}")
    return dict(counters), since_report


@contextlib.contextmanager
def _damage_told(checkpoint: Path) -> Iterator[None]:
    try:
        yield
    except _OtherFormatError:  # not damaged: nothing is to be removed
        raise
    except Exception as error:  # what the libraries raise on damaged files has no common base
        reason = tensorflow_reason(error)
        raise InputError(
            f"checkpoint {checkpoint} is damaged or of another configuration ({reason}); "
            "remove that folder to go on from the checkpoint before it"
        ) from error
