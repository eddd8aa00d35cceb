"""Train, evaluate and export in a few lines of Python.

The commands are built of the same parts: `start_run`, `RunFolder`, `evaluate` and `export_run`.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fag_tf._utils.files import read_config
from fag_tf._utils.tensorflow import import_tensorflow
from fag_tf.config.legacy import current_name, upgraded
from fag_tf.config.parsing import config_to_dict
from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment, as_environment
from fag_tf.environments.registry import describe_environment, is_described, object_name
from fag_tf.environments.validation import check_environment
from fag_tf.errors import InputError
from fag_tf.training import run as run_folders
from fag_tf.training.report_text import ReportText
from fag_tf.training.start import configuration, start_run

if TYPE_CHECKING:
    from fag_tf.deployment.sampler import SavedModel
    from fag_tf.evaluation.evaluate import Evaluation

__all__ = ["Run", "open_run", "train"]


class Run(run_folders.RunFolder):
    """A training run in its folder. `train` and `open_run` make it.

    `policy()` returns actor and critic as one function. Its arguments are an observation of B
    states, N and a seed. It returns actions `[B, N, A]` and the critic's probabilities `[B, N]`.

    Attributes:
        directory: folder of the run.
        config: configuration of the run, a `Config`.
    """

    def __repr__(self) -> str:
        config = self.config
        return f"Run({str(self.directory)!r}, env={config.env!r}, steps={config.trainer.steps})"

    def evaluate(
        self,
        *,
        objects: list[str] | None = None,
        poses: int = 8,
        num_samples: int = 4096,
        k_coverage: int = 1024,
        c2st_poses: int | None = None,
        seed: int = 0,
    ) -> "Evaluation":
        """Draw samples and check every one of them exactly.

        Args:
            objects: names of the environment's objects; all of its test objects if None.
            poses: number of states of each object.
            num_samples: number of samples of each state.
            k_coverage: number of samples that coverage uses.
            c2st_poses: number of states of each object for C2ST, which takes about ten seconds for
                each state; 0 leaves it out. If None, about eight states in all.
            seed: seed of all random numbers.

        Returns:
            Figures for each kind of sample. `.mean` has the means over the objects, and `.worst`
            the worst figure of each kind.

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
            c2st_poses=c2st_poses,
            seed=seed,
        )

    def export(
        self,
        out: str | os.PathLike[str],
        *,
        poses: int = 8,
        num_samples: int | None = None,
        seed: int = 0,
    ) -> "SavedModel":
        """Write actor and critic as SavedModel, ONNX file and card, and load the ONNX file.

        Args:
            out: `NAME` (the next free version is taken) or `NAME/VERSION`.
            poses: number of states of each test object for the figures in the card; 0 leaves the
                figures out.
            num_samples: number of samples of each state. If None, 4096, or 256 if the environment
                has no truth and only the feasible rate is measured.
            seed: seed of the random numbers of the figures.

        Raises:
            InputError: the run has no checkpoint yet, or `out` cannot be written. Then nothing is
                written.
        """
        from fag_tf.deployment.export_run import export_run
        from fag_tf.deployment.sampler import load_model

        return load_model(export_run(self, _folder(out), poses, num_samples, seed).directory)


def open_run(directory: str | os.PathLike[str], environment: Environment | None = None) -> Run:
    """Open a run that `train` or `fag-tf train` made.

    Args:
        directory: folder of the run.
        environment: the object that the run was made with. It is needed if its class cannot be
            found by name.

    Raises:
        InputError: the folder holds no run, its configuration cannot be read, or the environment
            is another one than the run's.
    """
    given = None if environment is None else _checked(environment)
    folder = run_folders.open_run(_folder(directory), given)
    if given is not None:
        _check_environment(folder, given)
    return _opened(folder)


def train(
    environment: Environment | str | None = None,
    *,
    out: str | os.PathLike[str],
    config: Config | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    progress: bool | Callable[[dict[str, float]], None] = False,
) -> Run:
    """Train an actor and a critic, or continue the run in `out`.

    A run that was stopped, also by a crash, continues from its latest checkpoint and ends with the
    same weights as a run that was never stopped. A complete run is returned as it is.

    Args:
        environment: an object, the name of an installed environment, or None for the one that the
            configuration names. The arguments that an object was made with are saved with the run,
            if they are numbers, text, true or false, or lists or tables of these. If they are not,
            or if its class cannot be found by name, only Python can continue the run: give the
            object again. Arguments that cannot be saved are not compared.
        out: folder of the run, with configuration, log, curves and checkpoints.
        config: options by name, such as `{"trainer.steps": 500}`, nested tables, a TOML or JSON
            file, or a `Config`. Options that are left out keep their defaults. For a run that is
            continued, every option that is given must be equal to the run's own.
        progress: True prints a line at the start and one for each report, every
            `trainer.log_every` steps. A function is called with the figures of each report.

    Raises:
        InputError: the configuration or the environment cannot be used, or `out` holds another
            run. No folder is made then.
        TrainingFailedError: the networks give values that are not finite numbers.
    """
    out = _folder(out)
    values = _tables(config)
    given = None if environment is None or isinstance(environment, str) else _checked(environment)
    if environment is not None:
        _name_environment(values, environment if isinstance(environment, str) else given)
    if run_folders.is_run(out):
        folder = run_folders.open_run(out, given)
        if given is not None:
            _check_environment(folder, given)
        _check_options(folder, values, given is not None)
        import_tensorflow()
        trainer = folder.trainer()
    else:
        folder, trainer = start_run(out, *configuration(values, given))
    if not folder.is_complete(trainer):
        folder.train(trainer, _reporter(progress, folder.config))
    return _opened(folder)


def _folder(path: str | os.PathLike[str]) -> Path:
    """A folder as the user names it; an empty name is a mistake, not the current folder."""
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise InputError(f"the folder is {path!r:.100}; name one, . for the current one")
    return Path(path)


def _opened(folder: run_folders.RunFolder) -> Run:
    return Run(folder.directory, folder.config, folder.environment)


def _tables(config: Config | Mapping[str, Any] | str | os.PathLike[str] | None) -> dict[str, Any]:
    """A configuration as plain nested tables of this format, in part or whole."""
    if config is None:
        return {}
    if isinstance(config, Config):
        tables = upgraded(config_to_dict(config))
        if config.env == Config.env and not config.env_options:
            del tables["env"], tables["env_options"]  # no environment was chosen
        return tables
    if isinstance(config, (str, os.PathLike)):
        return upgraded(read_config(Path(config)))
    if not isinstance(config, Mapping):
        raise InputError(
            f"config is {config!r:.100}; it must be a table of options, a file or a Config"
        )
    tables = {}
    for name, value in config.items():
        *path, last = current_name(str(name).split("."))
        table = tables
        for part in path:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise InputError(f"config has {name} beside {part}, which is no table")
        if isinstance(value, Mapping):
            within = table.setdefault(last, {})
            if not isinstance(within, dict):
                raise InputError(f"config has the table {name} beside a value of that name")
            within.update(value)
        else:
            table[last] = value
    return upgraded(tables)


def _checked(environment: Any) -> Environment:
    """An object as an environment, tried once."""
    if isinstance(environment, type):
        name = environment.__name__
        raise InputError(f"{name} is a class; give an object of it, such as {name}()")
    made = as_environment(environment)
    check_environment(made, type(environment).__name__)
    return made


def _name_environment(values: dict[str, Any], environment: Environment | str | None) -> None:
    """Write the environment that is given into the tables.

    Raises:
        InputError: the tables name another one.
    """
    env, options = values.pop("env", None), values.pop("env_options", None)
    if isinstance(environment, str):
        values["env"], values["env_options"] = environment, options or {}
    else:
        assert environment is not None
        try:
            values["env"], values["env_options"] = describe_environment(environment)
        except InputError:  # made with what no configuration can hold: the object alone will do
            values["env"], values["env_options"] = object_name(environment), {}
    if env not in (None, values["env"]):
        raise InputError(
            f"config names the environment {env!r}, and {values['env']!r} is given; leave out "
            "either"
        )
    if options not in (None, values["env_options"]):
        raise InputError(
            f"config has env_options {options!r:.100}, and the environment given was made with "
            f"{values['env_options']!r:.100}; leave out either"
        )


def _check_environment(folder: run_folders.RunFolder, environment: Environment) -> None:
    """Refuse to continue a run in another environment than its own."""
    config = folder.config
    if not is_described(environment, config.env, config.env_options):
        raise InputError(
            f"{folder.directory} holds a run in {config.env!r} with env_options "
            f"{config.env_options!r:.200}; the environment given is another"
        )


def _check_options(
    folder: run_folders.RunFolder, values: dict[str, Any], object_given: bool
) -> None:
    """Refuse to continue a run by another configuration than its own; the first option is named."""
    stated = _options(values)
    if object_given:
        stated -= {"env", "env_options"}
    config, _ = configuration(values, folder.environment)
    own, given = config_to_dict(folder.config), config_to_dict(config)
    for name in sorted(stated):
        if _value(own, name) != _value(given, name):
            raise InputError(
                f"{folder.directory} holds a run whose {name} is {_value(own, name)!r}, not "
                f"{_value(given, name)!r}; give its own configuration or another folder"
            )


def _options(values: Mapping[str, Any]) -> set[str]:
    """Dotted names of the options that the tables give; a table of the environment's is one."""
    names = set()
    for name, value in values.items():
        if isinstance(value, Mapping) and name != "env_options":
            names |= {f"{name}.{key}" for key in value}
        else:
            names.add(name)
    return names


def _value(values: Mapping[str, Any], name: str) -> Any:
    table, _, key = name.rpartition(".")
    return values[table][key] if table else values[key]


def _reporter(
    progress: bool | Callable[[dict[str, float]], None], config: Config
) -> Callable[[dict[str, float]], None]:
    if callable(progress):
        return progress
    if not progress:
        return lambda _: None
    text, trainer = ReportText(config), config.trainer
    doing = "collecting and compiling" if trainer.compile else "collecting"
    print(f"{doing}; a line follows every {trainer.log_every} steps", flush=True)

    def show(figures: dict[str, float]) -> None:
        print(f"step {figures['step']:.0f} of {trainer.steps} · {text(figures)}", flush=True)

    return show
