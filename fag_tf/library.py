"""What a program does with the package in a few lines: train, evaluate, export, sample.

The commands call the same code.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fag_tf._utils.files import read_config
from fag_tf.config.parsing import apply_settings, config_from_dict, config_to_dict
from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment, as_environment
from fag_tf.environments.registry import OBJECT, describe_environment, make_environment
from fag_tf.environments.validation import check_environment
from fag_tf.errors import InputError
from fag_tf.training import run as runs

if TYPE_CHECKING:
    from fag_tf.deployment.sampler import SavedModel
    from fag_tf.evaluation.evaluate import Evaluation

__all__ = ["Run", "open_run", "train"]


class Run(runs.Run):
    """A training run in its folder; made by `train` or `open_run`.

    `policy()` gives its actor and critic as one function: called with an observation, N and a seed
    it gives actions `[B, N, A]` and the critic's probabilities `[B, N]`.

    Attributes:
        directory: its folder.
        config: what defines it, a `Config`.
    """

    def evaluate(
        self,
        *,
        objects: list[str] | None = None,
        poses: int = 8,
        num_samples: int = 4096,
        k_coverage: int = 1024,
        seed: int = 0,
    ) -> "Evaluation":
        """Draw samples and check every one of them exactly.

        Args:
            objects: names of the environment's objects; all of its test objects if None.
            poses: states of each object.
            num_samples: samples of each state.
            k_coverage: samples that coverage spends.
            seed: all randomness comes from it.

        Returns:
            Figures by kind of sample; `.mean` over the objects, `.worst` among them.

        Raises:
            InputError: the run has no checkpoint yet, or a number is not positive.
        """
        from fag_tf.evaluation.evaluate import evaluate

        return evaluate(
            self.environment,
            self.policy(),
            objects=objects,
            poses=poses,
            num_samples=num_samples,
            k_coverage=k_coverage,
            seed=seed,
        )

    def export(
        self, out: str | os.PathLike[str], *, poses: int = 8, num_samples: int = 4096, seed: int = 0
    ) -> "SavedModel":
        """Write actor and critic as SavedModel, ONNX file and card, and load the ONNX file.

        Args:
            out: `NAME` (the next free version is taken) or `NAME/VERSION`.
            poses: of each test object, for the figures in the card; 0 leaves them out.
            num_samples: of each pose.
            seed: of these figures.

        Raises:
            InputError: the run has no checkpoint yet, or `out` cannot be written. Nothing is then
                left there.
        """
        from fag_tf.deployment.export_run import export_run
        from fag_tf.deployment.sampler import load_model

        return load_model(export_run(self, out, poses, num_samples, seed).directory)


def open_run(directory: str | os.PathLike[str], environment: Environment | None = None) -> Run:
    """Open a run that `train` or `fag-tf train` made.

    Args:
        directory: its folder.
        environment: what it trains in, where its class cannot be found by name; see `train`.

    Raises:
        InputError: there is no run, or its configuration cannot be read.
    """
    run = runs.open_run(Path(directory), environment)
    return Run(run.directory, run.config, environment)


def train(
    environment: Environment | str | None = None,
    *,
    out: str | os.PathLike[str],
    config: Config | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    progress: bool | Callable[[dict[str, float]], None] = False,
) -> Run:
    """Train an actor and a critic, or go on with the run that is in `out`.

    A run that was stopped, in whatever way, goes on from its latest checkpoint as if never stopped.
    A run that is complete is given back as it is.

    Args:
        environment: an object, or the name of an installed one; if None, the configuration's. An
            object's class need not be one that can be found by name. Then the run can be resumed
            by giving the object again, and not by `fag-tf train --resume`.
        out: the run's folder: configuration, log, curves, checkpoints.
        config: options by name, such as `{"trainer.steps": 500}`, or nested tables, a TOML or JSON
            file, or a `Config`. What it leaves out keeps its default. Of a run that is resumed it
            must say what the run's own configuration says, or be None.
        progress: True to print a line for each report; or what is called with each report's
            figures.

    Raises:
        InputError: the configuration or the environment cannot be used, or `out` holds another
            run.
        TrainingFailedError: the networks no longer give numbers.
    """
    from fag_tf._utils.tensorflow import import_tensorflow

    out = Path(out)
    values = _values(config)
    made = _environment(environment, values)
    if runs.is_run(out):
        run = open_run(out, made)
        _check_same(run, values)
    else:
        wanted = config_from_dict(values)
        runs.check_new(out)
        made = made or make_environment(wanted.env, wanted.env_options)
        runs.create_run(out, wanted)
        run = Run(out, wanted, made)
    import_tensorflow()
    trainer = run.trainer()
    if not run.is_complete(trainer):
        run.train(trainer, _reporter(progress, run.config.trainer.steps))
    return run


def _values(config: Config | Mapping[str, Any] | str | os.PathLike[str] | None) -> dict[str, Any]:
    """A configuration as plain nested tables."""
    if config is None:
        return {}
    if isinstance(config, Config):
        return config_to_dict(config)
    if isinstance(config, (str, os.PathLike)):
        return apply_settings(read_config(Path(config)), [])
    tables: dict[str, Any] = {}
    for name, value in config.items():
        *path, last = str(name).split(".")
        table = tables
        for part in path:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise InputError(f"config has {name} beside {part}, which is no table")
        if isinstance(value, Mapping) and isinstance(table.get(last), dict):
            table[last] |= value
        else:
            table[last] = dict(value) if isinstance(value, Mapping) else value
    return apply_settings(tables, [])


def _environment(
    environment: Environment | str | None, values: dict[str, Any]
) -> Environment | None:
    """What is trained in, if an object is given; its name goes into the tables."""
    if environment is None:
        return None
    if "env" in values:
        raise InputError("config names an environment, and one is given; leave out either")
    if isinstance(environment, str):
        values["env"] = environment
        return None
    environment = as_environment(environment)
    check_environment(environment, type(environment).__name__)
    try:
        values["env"], options = describe_environment(environment)
    except InputError:  # made with what no configuration can hold: the object alone will do
        kind = type(environment)
        values["env"], options = f"{OBJECT}{kind.__module__}:{kind.__qualname__}", {}
    if options:
        values["env_options"] = options
    return environment


def _check_same(run: Run, values: dict[str, Any]) -> None:
    """Refuse to go on with a run by another configuration than its own.

    Raises:
        InputError: an option differs; the first one is named.
    """
    own = config_to_dict(run.config)
    given = config_to_dict(config_from_dict(values)) if values else {}
    for name, value in _options(given):
        if _names(values, name) and dict(_options(own)).get(name) != value:
            raise InputError(
                f"{run.directory} holds a run whose {name} is {dict(_options(own)).get(name)!r}, "
                f"not {value!r}; give its own configuration or another folder"
            )


def _options(tables: Mapping[str, Any], head: str = "") -> list[tuple[str, Any]]:
    """Every option by its dotted name."""
    found: list[tuple[str, Any]] = []
    for name, value in tables.items():
        inner = isinstance(value, Mapping) and not head
        found += _options(value, f"{name}.") if inner else [(head + name, value)]
    return found


def _names(values: Mapping[str, Any], name: str) -> bool:
    """Whether the tables say anything of an option."""
    table, _, key = name.rpartition(".")
    return key in (values.get(table, {}) if table else values)


def _reporter(
    progress: bool | Callable[[dict[str, float]], None], steps: int
) -> Callable[[dict[str, float]], None]:
    if callable(progress):
        return progress

    def show(figures: dict[str, float]) -> None:
        if progress:
            rate = figures.get("feasible_rate", figures.get("believed"))
            told = "" if rate is None else f", feasible {rate:.2f}"
            print(
                f"step {figures['step']:.0f} of {steps}{told}, "
                f"{figures['interactions']:,.0f} interactions, "
                f"{figures['steps_per_second']:.1f} steps/s",
                flush=True,
            )

    return show
