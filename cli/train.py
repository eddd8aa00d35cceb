"""`fag-tf train`: train an actor and a critic, or go on with a run."""

import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fag_tf.cli.options import FOLDER, tell
from fag_tf.errors import InputError

__all__ = ["command"]

SHOWN = {
    "feasible_rate": "feasible",
    "critic_accuracy": "critic",
}


class _Stop:
    """Remembers that the process was asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal = 0

    def __call__(self) -> bool:
        return self.signal != 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Turn Ctrl-C and SIGTERM into a request to stop after the step at hand."""

        def handle(number: int, _: Any) -> None:
            if self.signal == number == signal.SIGINT:
                raise KeyboardInterrupt  # a second Ctrl-C does not wait
            self.signal = number

        saved = {
            number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in saved.items():
                signal.signal(number, handler)


@contextmanager
def _progress_bar(steps: int, done: int) -> Iterator[Any]:
    """A bar with the figures of the latest report; plain lines where there is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    started = time.monotonic()
    rate = 0.0

    def describe(figures: dict[str, float]) -> str:
        nonlocal rate
        now = figures["steps_per_second"]
        rate = now if rate == 0.0 else 0.7 * rate + 0.3 * now
        left = (steps - figures["step"]) / max(rate, 1e-9)
        parts = [f"{label} {figures[name]:.2f}" for name, label in SHOWN.items() if name in figures]
        parts.append(f"{figures['interactions']:,.0f} interactions")
        parts.append(f"{now:.1f} steps/s")
        parts.append(f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left")
        return " · ".join(parts)

    if console.is_terminal:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("collecting and compiling …", total=steps, completed=done)
            yield lambda figures: progress.update(
                task, completed=figures["step"], description=describe(figures)
            )
    else:
        last = started

        def line(figures: dict[str, float]) -> None:
            nonlocal last
            text = f"step {figures['step']:.0f}/{steps} · {describe(figures)}"
            if time.monotonic() - last > 10 or figures["step"] == steps:
                last = time.monotonic()
                tell(text)

        yield line


@click.command()
@click.option("--env", metavar="NAME|MODULE:CLASS", help="Environment.  [default: planar_grasp]")
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="TOML or JSON file; what it leaves out keeps its default.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="A.B=VALUE",
    help="One option of the configuration, such as trainer.steps=500; may be repeated.",
)
@click.option(
    "--out",
    type=FOLDER,
    default=Path("runs/planar_grasp"),
    show_default=True,
    help="The run's folder: configuration, log, curves, checkpoints.",
)
@click.option(
    "--resume", is_flag=True, help="Go on with the run in --out, exactly as if never stopped."
)
def command(
    env: str | None,
    config_file: Path | None,
    settings: tuple[str, ...],
    out: Path,
    resume: bool,
) -> int:
    """Train an actor whose samples cover every feasible action, and its critic.

    Ctrl-C or SIGTERM saves and says how to go on; after a crash at most one checkpoint interval
    is lost. Curves: tensorboard --logdir OUT.
    """
    from fag_tf.config_tables import apply_settings, config_from_dict, read_config
    from fag_tf.environment_registry import make_environment
    from fag_tf.runs import check_new, create_run, open_run
    from fag_tf.runtimes import import_tensorflow

    if resume:
        if env is not None or config_file is not None or settings:
            raise InputError(
                "--resume goes on with the run's own configuration; "
                "leave out --env, --config and --set"
            )
        run = open_run(out)
        import_tensorflow()
        trainer = run.trainer()
    else:
        values = apply_settings(read_config(config_file) if config_file else {}, settings)
        if env is not None:
            chosen = values.get("env", env)
            if chosen != env and "env" in apply_settings({}, settings):
                raise InputError(f"--env says {env} and --set env={chosen}; give one of them")
            values["env"] = env
        config = config_from_dict(values)
        # Refuse in seconds what can be told without TensorFlow, and the rest before the run's
        # folder is made.
        check_new(out)
        make_environment(config.env, config.env_options)
        import_tensorflow()
        from fag_tf.trainer import Trainer

        trainer = Trainer(config)
        run = create_run(out, config)
    steps = run.config.trainer.steps
    if trainer.step >= steps:
        tell(f"{out} is complete: {steps} of {steps} steps are done")
        return 0
    stop = _Stop()
    with stop.listening(), _progress_bar(steps, trainer.step) as show:
        run.train(trainer, show, stop)
    if trainer.step < steps:
        tell(
            f"stopped and saved at step {trainer.step} of {steps}",
            f"go on with: fag-tf train --resume --out {shlex.quote(str(out))}",
        )
        return 128 + stop.signal
    tell(
        f"trained {steps} steps with {trainer.interactions:,} interactions into {out}",
        f"next: fag-tf evaluate {out}, fag-tf export {out} --out MODEL",
    )
    return 0
