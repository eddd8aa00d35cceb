"""A training run on the disk: configuration, log, curves and checkpoints in one folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fag_tf._utils.files import alone, check_writable, read_config, write_atomically
from fag_tf.config.parsing import config_from_dict, config_to_dict
from fag_tf.config.schema import Config
from fag_tf.environments.registry import make_environment
from fag_tf.errors import InputError
from fag_tf.parallel.local_worker import LocalWorker
from fag_tf.parallel.worker_pool import WorkerFactory
from fag_tf.training.checkpoint_folders import latest_checkpoint
from fag_tf.training.kept_configuration import check_unedited
from fag_tf.training.run_log import cut_log, read_log

if TYPE_CHECKING:
    from fag_tf.environments.base import Environment
    from fag_tf.networks.base import Actor
    from fag_tf.networks.policy import Policy
    from fag_tf.training.trainer import Trainer

__all__ = ["RunFolder", "TrainedPolicy", "check_new", "create_run", "is_run", "open_run"]

CONFIG_FILE = "config.json"
LOG_FILE = "log.jsonl"
GENERATOR_FILE = "generator.npz"
CHECKPOINTS = "checkpoints"
CURVES = "tensorboard"


def is_run(directory: str | Path) -> bool:
    """Whether a training run lives in that folder."""
    return (Path(directory) / CONFIG_FILE).is_file()


def check_new(directory: str | Path) -> None:
    """Refuse a folder that a new run would share with another.

    Raises:
        InputError: a run lives there already, or what is left of one; or it cannot be written.
    """
    directory = Path(directory)
    if is_run(directory):
        raise InputError(
            f"{directory} holds a run already; go on with it (--resume) or choose another folder"
        )
    for left in (CHECKPOINTS, LOG_FILE, GENERATOR_FILE):
        if (directory / left).exists():
            raise InputError(
                f"{directory} holds {left} of a run without its {CONFIG_FILE}; "
                "choose another folder or remove it"
            )
    check_writable(directory)


def create_run(
    directory: str | Path,
    config: Config,
    environment: "Environment | None" = None,
    trainer: "Trainer | None" = None,
) -> "RunFolder":
    """Make the folder of a new run and save its configuration there.

    Args:
        directory: folder of the run.
        config: configuration of the run.
        environment: environment of the training. If None, the one that the configuration names.
        trainer: its state is saved as the start of the run. If None, the run starts as the
            configuration says.

    Raises:
        InputError: a run lives there already, or the folder cannot be written.
    """
    directory = Path(directory)
    check_new(directory)
    run = RunFolder(directory, config, environment)
    if trainer is not None:
        # First, since a folder that has its configuration goes on as a run.
        run.save(trainer)
    with write_atomically(directory / CONFIG_FILE) as partial:
        partial.write_text(json.dumps(config_to_dict(config), indent=1) + "\n", encoding="utf-8")
    return run


def open_run(directory: str | Path, environment: "Environment | None" = None) -> "RunFolder":
    """Open an existing run.

    Args:
        directory: folder of the run.
        environment: environment of the training. If None, the one that the configuration names.

    Raises:
        InputError: there is none, or its configuration cannot be read.
    """
    directory = Path(directory)
    if not is_run(directory):
        raise InputError(f"{directory} holds no training run: it has no {CONFIG_FILE}")
    file = directory / CONFIG_FILE
    try:
        return RunFolder(directory, config_from_dict(read_config(file)), environment)
    except InputError as error:
        raise InputError(f"{directory} cannot be opened: {error}") from error


class TrainedPolicy(NamedTuple):
    """What a checkpoint gives.

    Attributes:
        policy: actor and critic, which together draw samples.
        steps: learning steps done by then.
        interactions: feasibility checks spent by then.
    """

    policy: "Policy"
    steps: int
    interactions: int


class RunFolder:
    """One run; made by `create_run` or `open_run`.

    Attributes:
        directory: folder of the run.
        config: configuration of the run.
    """

    def __init__(
        self, directory: Path, config: Config, environment: "Environment | None" = None
    ) -> None:
        self.directory = directory
        self.config = config
        self._environment = environment

    @property
    def environment(self) -> "Environment":
        """What it trains in, made when it is first asked for.

        Raises:
            InputError: the one that the configuration names cannot be made.
        """
        if self._environment is None:
            self._environment = make_environment(self.config.env, self.config.env_options)
        return self._environment

    def trainer(self, worker: WorkerFactory = LocalWorker) -> "Trainer":
        """A trainer brought to the latest checkpoint, or to the start if there is none.

        Args:
            worker: what `collect.workers` are, if there are more than one.

        Raises:
            InputError: the latest checkpoint is damaged, or was trained with another configuration.
        """
        from fag_tf.training.build import build_trainer
        from fag_tf.training.checkpoints import restore_checkpoint

        latest = self._latest()
        trainer = build_trainer(self.config, self.environment, worker)
        if latest is not None:
            restore_checkpoint(trainer, latest)
        return trainer

    def train(
        self,
        trainer: "Trainer",
        report: Callable[[dict[str, float]], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Train to the end, or until `stop`; log, draw curves and save on the way.

        A method other than the actor is fitted at the end; what stops that costs no more than it.

        Args:
            trainer: from `trainer()`.
            report: called with each line of the log.
            stop: asked after each step.

        Raises:
            InputError: the folder cannot be written, or another process trains this run.
        """
        with alone(self.directory / CONFIG_FILE, "trained"):
            self._train(trainer, report, stop)
            if trainer.step == self.config.trainer.steps and not self.is_complete(trainer):
                self._fit_generator(trainer)

    def _train(
        self,
        trainer: "Trainer",
        report: Callable[[dict[str, float]], None],
        stop: Callable[[], bool],
    ) -> None:
        import tensorflow as tf

        from fag_tf._utils.tensorflow import tensorflow_reason

        cut_log(self.directory / LOG_FILE, trainer.step)
        try:
            curves = tf.summary.create_file_writer(str(self.directory / CURVES))
        except tf.errors.OpError as error:
            raise InputError(
                f"cannot write {self.directory / CURVES}: {tensorflow_reason(error)}"
            ) from error
        try:
            log = (self.directory / LOG_FILE).open("a", encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"cannot write {self.directory / LOG_FILE}: {error.strerror}"
            ) from error

        def write(figures: dict[str, float]) -> None:
            log.write(json.dumps(figures) + "\n")
            log.flush()
            with curves.as_default(step=int(figures["step"])):
                for name, value in figures.items():
                    tf.summary.scalar(name, value)
            report(figures)

        with log:
            trainer.run(write, lambda: self.save(trainer), stop)
        curves.close()

    def is_complete(self, trainer: "Trainer") -> bool:
        """Whether nothing is left to be done."""
        fitted = self.config.method == "actor" or (self.directory / GENERATOR_FILE).exists()
        return fitted and trainer.step >= self.config.trainer.steps

    def _fit_generator(self, trainer: "Trainer") -> None:
        from fag_tf.training.baselines.registry import fit_generator
        from fag_tf.training.weight_files import save_weights

        save_weights(fit_generator(self.config.method, trainer), self.directory / GENERATOR_FILE)

    def _generator(self) -> "Actor":
        from fag_tf.training.baselines.registry import build_generator
        from fag_tf.training.weight_files import load_weights

        network = build_generator(self.config.method, self.config, self.environment)
        load_weights(network, self.directory / GENERATOR_FILE)
        return network

    def save(self, trainer: "Trainer") -> None:
        """Write a checkpoint of the trainer as it is.

        Raises:
            InputError: it cannot be written.
        """
        from fag_tf.training.checkpoints import save_checkpoint

        save_checkpoint(trainer, self.directory / CHECKPOINTS, self.config)

    def log(self) -> list[dict[str, Any]]:
        """The figures reported so far, a dictionary a report; a damaged line ends them."""
        return read_log(self.directory / LOG_FILE)

    def _latest(self) -> Path | None:
        """The latest checkpoint, which this run's configuration has trained; None without one."""
        latest = latest_checkpoint(self.directory / CHECKPOINTS)
        if latest is not None:
            check_unedited(self.config, latest, self.directory / CONFIG_FILE)
        return latest

    def check_trained(self) -> None:
        """Refuse a run that was never saved, without loading TensorFlow.

        Raises:
            InputError: it has no checkpoint yet, or its configuration was edited since.
        """
        if self._latest() is None:
            raise InputError(f"{self.directory} has no checkpoint yet; train it first")
        if self.config.method != "actor" and not (self.directory / GENERATOR_FILE).exists():
            raise InputError(
                f"{self.directory} is not at its end, where its {self.config.method} is fitted; "
                "go on with it (--resume)"
            )

    def policy(self) -> "Policy":
        """The averaged actor and the critic of the latest checkpoint; see `trained_policy`."""
        return self.trained_policy().policy

    def trained_policy(self) -> "TrainedPolicy":
        """The averaged actor and the critic of the latest checkpoint, and what they cost.

        Where another method was trained, its network and the critic. Needs no replay memory.

        Raises:
            InputError: the run has no checkpoint or no network yet, or it is damaged.
        """
        from fag_tf.networks.policy import Policy
        from fag_tf.training.build import build_learner
        from fag_tf.training.checkpoints import restore_networks

        self.check_trained()
        learner = build_learner(self.config, self.environment)
        latest = self._latest()
        assert latest is not None
        counters = restore_networks(learner, latest)
        if self.config.method != "actor":
            policy = Policy(self._generator(), learner.averaged_critic)
        else:
            policy = Policy.configured(
                learner.averaged_actor, learner.averaged_critic, self.config.policy
            )
        return TrainedPolicy(policy, counters["step"], counters["interactions"])
