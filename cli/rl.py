"""`fag-tf rl`: train an agent that keeps to a constraint, or go on with its training."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fag_tf.cli.options import FOLDER, report
from fag_tf.cli.progress import Progress, progress
from fag_tf.cli.stopping import Stop
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from fag_tf.rl.agent_config import AgentConfig
    from fag_tf.rl.agent_run import AgentRun

__all__ = ["command"]

_SHOWN = {
    "return": "return {:.2f}",
    "success": "success {:.2f}",
    "violations": "violations {:.2%}",
    "train_violations": "in training {:.2%}",
}


class _Shown:
    """Shows each evaluation, and the steps between them."""

    def __init__(self, show: Progress, steps: int) -> None:
        self._show, self._steps = show, steps

    def row(self, figures: dict[str, Any]) -> None:
        """An evaluation is done."""
        known = [text.format(figures[name]) for name, text in _SHOWN.items() if name in figures]
        rate = figures.get("steps_per_second")
        if rate:
            left = (self._steps - figures["step"]) / rate
            wait = f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left"
            known += [f"{rate:.0f} steps/s", wait]
        text = f"step {figures['step']}/{self._steps} · {' · '.join(known)}"
        self._show.advance(figures["step"], text, always=True)

    def moved(self, done: int) -> None:
        """A step is done."""
        self._show.advance(done, f"step {done}/{self._steps}")


@click.command()
@click.option(
    "--env", metavar="ID", help="Id of a Gymnasium environment; MODULE:ID imports MODULE."
)
@click.option(
    "--model",
    metavar="MODEL",
    help="The model that maps the agent's action to a feasible one: robot_arm, "
    "spline_path, or the folder of a model or of a run. Only for --method mapping.",
)
@click.option(
    "--method",
    metavar="NAME",
    help="mapping, penalty, replacement, resampling, projection or lagrangian. All except "
    "mapping use the environment's own constraint.  [default: mapping]",
)
@click.option("--algo", metavar="sac|ppo", help="Algorithm of the agent.  [default: sac]")
@click.option(
    "--steps", type=int, metavar="N", help="Number of environment steps.  [default: 100000]"
)
@click.option("--seed", type=int, metavar="N", help="Seed of all random numbers.  [default: 0]")
@click.option(
    "--num-envs",
    type=int,
    metavar="N",
    help="Number of environments, each in a process of its own.  [default: 1]",
)
@click.option(
    "--eval-every",
    type=int,
    metavar="N",
    help="Number of steps between two evaluations.  [default: 5000]",
)
@click.option(
    "--eval-episodes",
    type=int,
    metavar="N",
    help="Number of episodes of an evaluation.  [default: 10]",
)
@click.option(
    "--checkpoint-every",
    type=int,
    metavar="N",
    help="Number of steps between two checkpoints. A crash loses at most these.  [default: 5000]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the algorithm, such as learning_rate=1e-3 or net_arch=[64,64]. May "
    "be repeated.",
)
@click.option(
    "--out",
    type=FOLDER,
    default=Path("runs/agent"),
    show_default=True,
    help="Folder of the run: configuration, log, curves, checkpoint, and at the end the agent.",
)
@click.option("--resume", is_flag=True, help="Resume the run in --out.")
def command(out: Path, resume: bool, settings: tuple[str, ...], **given: Any) -> int:
    """Train an agent in a Gymnasium environment under a constraint on its actions.

    With --method mapping (action mapping, arXiv 2412.04327) the agent chooses among feasible
    actions only. Needs pip install 'fag-tf[rl-study]'. Ctrl-C and SIGTERM save the run and say how
    to resume it (exit codes 130 and 143). Show curves with: tensorboard --logdir OUT/tensorboard.
    """
    from fag_tf.rl.agent_training import train_agent
    from fag_tf.rl.extras import import_stable_baselines

    chosen = {name: value for name, value in given.items() if value is not None}
    if resume and (chosen or settings):
        raise InputError("--resume goes on with the run's own options; leave out all but --out")
    with progress("loading PyTorch and the environment"):
        run = _opened(out) if resume else None
        config = None if resume else _config(chosen, settings)
        import_stable_baselines()
    if run is None:
        assert config is not None
        run = _created(out, config)
    steps = run.config.steps
    if run.is_complete:
        report(f"{out} is complete: {steps} of {steps} steps are done")
        return 0
    stop = Stop()
    done = run.log()[-1]["step"] if run.log() else 0
    with stop.listening(), progress("making the environment", steps, done) as show:
        shown = _Shown(show, steps)
        done = train_agent(run, shown.row, shown.moved, stop)
    if not run.is_complete:
        report(
            f"stopped and saved at step {done} of {steps}",
            f"go on with: fag-tf rl --resume --out {shlex.quote(str(out))}",
        )
        return 128 + stop.signal
    report(f"trained {done} steps into {out}; the agent is in {out / 'agent'}")
    return 0


def _opened(out: Path) -> "AgentRun":
    from fag_tf.rl.agent_run import open_agent_run

    return open_agent_run(out)


def _created(out: Path, config: "AgentConfig") -> "AgentRun":
    from fag_tf.rl.agent_run import create_agent_run

    return create_agent_run(out, config)


def _config(chosen: dict[str, Any], settings: tuple[str, ...]) -> "AgentConfig":
    from fag_tf.rl.agent_config import AgentConfig, parse_setting
    from fag_tf.rl.latent_mapping import MappingModel
    from fag_tf.rl.methods import make_env

    if "env" not in chosen:
        raise InputError("give --env, the id of an environment, such as fag_tf/SplinePath-v0")
    if "algo" in chosen:
        chosen["algorithm"] = chosen.pop("algo")
    options = dict(map(parse_setting, settings))
    config = AgentConfig.from_dict({"method": "mapping", **chosen, "options": options})
    # What is wrong is told before a folder is made.
    make_env(config.env).close()
    if config.model is not None:
        MappingModel(config.model)
    return config
