"""The start of a run: its folder is made last, when all that can be refused has been."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fag_tf._utils.tensorflow import import_tensorflow
from fag_tf.config.general import with_general_defaults
from fag_tf.config.parsing import config_from_dict
from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment
from fag_tf.environments.registry import make_environment
from fag_tf.parallel.local_worker import LocalWorker
from fag_tf.parallel.worker_pool import WorkerFactory
from fag_tf.training.run import RunFolder, check_new, create_run

if TYPE_CHECKING:
    from fag_tf.training.trainer import Trainer

__all__ = ["configuration", "start_run"]


def configuration(
    values: Mapping[str, Any], environment: Environment | None = None
) -> tuple[Config, Environment]:
    """The configuration that tables give, with the defaults that suit its environment.

    Args:
        values: nested tables. An option that they leave out keeps its default.
        environment: environment of the run. If None, the one that the tables name.

    Returns:
        The configuration, and the environment that `start_run` then need not make again.

    Raises:
        InputError: the tables are no configuration, or their environment cannot be made.
    """
    if environment is None:
        name, options = values.get("env", Config.env), values.get("env_options", {})
        if not isinstance(name, str) or not isinstance(options, dict):
            config_from_dict(values)  # which tells what is wrong
        environment = make_environment(name, options)
    if not environment.offers("build_actor", "build_critic"):
        values = with_general_defaults(values, environment.action_space.dim)
    return config_from_dict(values), environment


def start_run(
    directory: str | Path,
    config: Config,
    environment: Environment | None = None,
    prepare: "Callable[[Trainer], None] | None" = None,
    worker: WorkerFactory = LocalWorker,
) -> "tuple[RunFolder, Trainer]":
    """A new run in its folder, and its trainer at the start.

    Args:
        directory: folder of the run.
        config: configuration of the run.
        environment: environment of the training. If None, the one that the configuration names.
        prepare: called with the trainer before its state is saved as the start of the run, for
            example to load weights.
        worker: what `collect.workers` are, if there are more than one.

    Raises:
        InputError: a run lives in the folder, the folder cannot be written, or the environment, its
            networks or the memory is impossible. No folder is made then.
    """
    # What needs no TensorFlow is refused first, within a second.
    check_new(directory)
    if environment is None:
        environment = make_environment(config.env, config.env_options)
    import_tensorflow()
    from fag_tf.training.build import build_trainer

    trainer = build_trainer(config, environment, worker)
    if prepare is None:
        return create_run(directory, config, environment), trainer
    prepare(trainer)
    return create_run(directory, config, environment, trainer), trainer
