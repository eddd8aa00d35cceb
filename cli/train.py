"""`fag-tf train`: train an actor and a critic, or go on with a run."""

import json
import shlex
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.cli.options import (
    FILE,
    FOLDER,
    GRIPPER,
    FileOptions,
    gathered,
    object_options,
    ray_option,
    report,
)
from fag_tf.cli.progress import Progress, progress
from fag_tf.cli.stopping import Stop
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.config.schema import Config
    from fag_tf.parallel.worker_pool import WorkerFactory
    from fag_tf.training.run import RunFolder
    from fag_tf.training.trainer import Trainer

__all__ = ["command"]

_SHIPPED = "planar_grasp"
"""The value of a --finetune without one: `model_folders.SHIPPED`, which the help need not load."""


_LOADING = "loading TensorFlow and building the networks"


class _Shown:
    """Shows the figures of the log: each report of `RunFolder.train`."""

    def __init__(self, show: Progress, config: "Config", after: str) -> None:
        from fag_tf.training.report_text import ReportText

        self._show, self._steps, self._after = show, config.trainer.steps, after
        self._text = ReportText(config)

    def __call__(self, figures: dict[str, float]) -> None:
        step, last = figures["step"], figures["step"] == self._steps
        self._show.advance(step, f"step {step:.0f}/{self._steps} · {self._text(figures)}", last)
        self._show.doing(self._after if last else f"after step {step:.0f}")


def _print_options(context: click.Context, _: click.Parameter, word: str | None) -> None:
    """List the options that have a word in their name or effect, and end."""
    if word is None or context.resilient_parsing:
        return
    from fag_tf.config.reference import matching_options

    for option in matching_options(word):
        click.echo(f"{option.name} = {option.default}".replace("`", ""))
        if option.general != option.default:
            general = f"    in environments without own networks: {option.general}"
            click.echo(general.replace("`", ""))
        text = option.effect.replace("`", "")
        click.echo(textwrap.fill(text, 96, initial_indent="    ", subsequent_indent="    "))
    context.exit()


@click.command()
@click.option("--env", metavar="NAME|MODULE:CLASS", help="Environment.  [default: planar_grasp]")
@click.option(
    "--config",
    "config_file",
    type=FILE,
    help="TOML or JSON file. Options that it leaves out keep their defaults.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="A.B=VALUE",
    help="One option of the configuration, such as trainer.steps=500. May be repeated.",
)
@click.option(
    "--options",
    metavar="[WORD]",
    is_flag=False,
    flag_value="",
    expose_value=False,
    is_eager=True,
    callback=_print_options,
    help="List the options that --set takes, with their defaults and effects, and end; with WORD "
    "those that have it in their name or effect.",
)
@click.option(
    "--method",
    metavar="NAME",
    help="Another generator instead of the actor: flow, wgan, 'maxent flow', 'maxent "
    "gaussian', 'maxent mixture'.  [default: actor]",
)
@click.option(
    "--finetune",
    metavar="[MODEL]",
    is_flag=False,
    flag_value=_SHIPPED,
    help="Start from the networks and the configuration of a saved model; without MODEL, "
    "of the shipped one. This takes minutes. If the environment of the model is not "
    "installed, --env is needed too.",
)
@object_options(required=False, use="Train on this part alone, anywhere on the table. ")
@click.option(
    "--gripper",
    metavar=GRIPPER,
    help="Train for this gripper alone. It may be outside the ranges of the shipped model.",
)
@click.option(
    "--out",
    type=FOLDER,
    default=Path("runs/planar_grasp"),
    show_default=True,
    help="Folder of the run: configuration, log, curves, checkpoints.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Resume the run in --out. The result is the same as if it was never stopped.",
)
@ray_option("Check feasibility by collect.workers actors")
@gathered(file=FileOptions)
def command(
    env: str | None,
    config_file: Path | None,
    settings: tuple[str, ...],
    method: str | None,
    finetune: str | None,
    part: str | None,
    file: FileOptions,
    gripper: str | None,
    out: Path,
    resume: bool,
    address: str | None,
) -> int:
    """Train an actor whose samples cover every feasible action, and its critic.

    Ctrl-C and SIGTERM save the run and say how to resume it (exit codes 130 and 143). A crash loses
    at most the steps since the last checkpoint. Show curves with: tensorboard --logdir OUT.
    """
    from fag_tf._utils.tensorflow import import_tensorflow
    from fag_tf.deployment.model_folders import find_model
    from fag_tf.environments.planar_grasp.parts.objects import keep_object
    from fag_tf.training.run import open_run
    from fag_tf.training.start import configuration, start_run

    given = file.given()
    if resume:
        others = (env, config_file, *settings, method, finetune, part, gripper, *given)
        if any(value is not None for value in others):
            raise InputError(
                "--resume goes on with the run's own configuration; leave out --env, --config, "
                "--set, --method, --finetune and what goes with them"
            )
        run = open_run(out)
        worker = _worker(address, run.config)
        with progress(_LOADING):
            import_tensorflow()
            trainer = run.trainer(worker)
    else:
        if method is not None and finetune is not None:
            raise InputError("--finetune goes on with an actor and its critic; leave out --method")
        if method is not None:
            settings = (*settings, f"method={json.dumps(method)}")
        if part is None and given:
            raise InputError(f"{given[0]} goes with --object; name one")
        task = {}
        if part is not None:
            task["parts"], notes = keep_object(part, **vars(file))
            for note in notes:
                report(f"Note: {note}")
        if gripper is not None:
            task["gripper"] = _text(gripper)
        if finetune is not None:
            finetune = str(find_model(finetune))
        values = _values(env, config_file, settings, finetune, task)
        config, environment = configuration(values)
        worker = _worker(address, config)
        with progress(_LOADING):
            run, trainer = start_run(out, config, environment, _loading(finetune), worker)
    steps = run.config.trainer.steps
    if run.is_complete(trainer):
        report(f"{out} is complete: {steps} of {steps} steps are done")
        return 0
    stop = Stop()
    after = "saving" if run.config.method == "actor" else f"fitting {run.config.method}"
    with stop.listening(), progress("collecting and compiling", steps, trainer.step) as show:
        run.train(trainer, _Shown(show, run.config, after), stop)
    if trainer.step < steps:
        report(
            f"stopped and saved at step {trainer.step} of {steps}",
            f"go on with: fag-tf train --resume --out {shlex.quote(str(out))}",
        )
        return 128 + stop.signal
    if finetune is not None:
        with progress("comparing with the model before"):
            _compare(run, finetune)
    report(
        f"trained {steps} steps with {trainer.interactions:,} interactions into {out}",
        f"next: fag-tf evaluate {out}, fag-tf export {out} --out MODEL",
    )
    return 0


def _worker(address: str | None, config: "Config") -> "WorkerFactory":
    """What shares the checks: processes, or actors of the cluster at that address."""
    if address is None:
        from fag_tf.parallel.local_worker import LocalWorker

        return LocalWorker
    from fag_tf.parallel.ray_cluster import ray_cluster
    from fag_tf.parallel.ray_worker import RayWorker

    if config.collect.workers < 2:
        raise InputError(
            f"--ray shares the checks among collect.workers, which is {config.collect.workers}; "
            "give their number, such as --set collect.workers=16, or in the run's config.json"
        )
    click.get_current_context().with_resource(ray_cluster(address))
    return RayWorker


def _loading(model: str | None) -> "Callable[[Trainer], None] | None":
    """What gives a trainer the weights of a saved model."""
    if model is None:
        return None
    from fag_tf.deployment.finetuning import load_weights

    return lambda trainer: load_weights(trainer.learner, model)


def _text(gripper: str) -> str:
    """The gripper as the run keeps it, whatever becomes of a file that it is read from."""
    from fag_tf.environments.planar_grasp.gripper import is_gripper_file, parse_gripper

    return parse_gripper(gripper).text() if is_gripper_file(gripper) else gripper


def _values(
    env: str | None,
    config_file: Path | None,
    settings: tuple[str, ...],
    finetune: str | None,
    task: dict[str, Any],
) -> dict[str, Any]:
    """The configuration that the options ask for, as plain values."""
    from fag_tf._utils.files import read_config
    from fag_tf.config.parsing import apply_settings
    from fag_tf.deployment.finetuning import finetuning_values

    if finetune is not None and config_file is not None:
        raise InputError("--finetune brings the model's configuration; leave out --config")
    chosen = apply_settings({}, settings).get("env", env)
    if env is not None and chosen != env:
        raise InputError(f"--env says {env} and --set env={chosen}; give one of them")
    values = read_config(config_file) if config_file else {}
    values = finetuning_values(finetune, chosen) if finetune is not None else values
    values = apply_settings(values, settings)
    if env is not None:
        values["env"] = env
    if task:
        options = values.get("env_options", {})
        if not isinstance(options, dict):
            raise InputError(f"env_options is {options!r}; it must be a table")
        values["env_options"] = {**options, **task}
    return values


def _compare(run: "RunFolder", model: str) -> None:
    """Tell how the run's policy and the model that it began with do in the run's environment."""
    from fag_tf.deployment.sampler import load_model
    from fag_tf.evaluation.evaluate import RAW, evaluate

    policy, environment = run.policy(), run.environment
    if not environment.offers("evaluation_states", "truth"):
        return
    for name, sampler in (("before", load_model(model)), ("after", policy)):
        try:
            found = evaluate(environment, sampler, poses=4, num_samples=1024, c2st_poses=0).mean[
                RAW
            ]
        except InputError as error:  # a gripper that the model was not trained for
            report(f"{name}: not measured, {error}")
            continue
        report(
            f"{name}: feasible rate {found['feasible_rate']:.3f}, mode recall "
            f"{found['mode_recall']:.3f}, coverage {found['coverage']:.3f}"
        )
