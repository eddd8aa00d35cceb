"""Does action mapping learn faster, and break constraints less, than other methods?

Every run trains one agent on one task by one method. It is stopped and goes on like a run of its
own. The feasibility model of a task without one that ships is trained first, once for all its runs.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fag_tf.errors import InputError
from fag_tf.experiments.studies.folder import StudyFolder

__all__ = ["METHODS", "NAME", "QUESTION", "TASKS", "AgentStudyRun", "agent_runs", "execute_agent"]

NAME = "action_mapping"
QUESTION = "Does an agent that chooses among feasible actions learn faster, and violate less?"

FORMAT = 1
"""Part of the key of every run; increase it when the meaning of runs changes."""

METHODS = ("mapping", "replacement", "projection", "resampling", "penalty", "lagrangian")

TASKS: Mapping[str, str | None] = {
    "fag_tf/SplinePath-v0": "spline_path",
    "fag_tf/RobotArm-v0": "robot_arm",
    "fag_tf/ReacherConstrained-v0": None,
    "fag_tf/HalfCheetahConstrained-v0": None,
    "fag_tf/HopperConstrained-v0": None,
    "fag_tf/Walker2dConstrained-v0": None,
}
"""The tasks, and the name of the model that ships for it; None if one is trained here."""

MODEL_CONFIG: Mapping[str, Any] = {
    "trainer.steps": 2400,
    "collect.every": 8,
    "actor.density_sharpness": 8.0,
}
"""Configuration of the training of a feasibility model."""

_QUICK_MODEL: Mapping[str, Any] = {
    "trainer.steps": 20,
    "critic.warmup_steps": 5,
    "collect.initial_states": 16,
    "actor.width": 16,
    "critic.width": 16,
}

AGENT: Mapping[str, Any] = {"steps": 100_000, "eval_every": 5_000, "eval_episodes": 10}
_QUICK_AGENT: Mapping[str, Any] = {
    "steps": 400,
    "eval_every": 200,
    "eval_episodes": 1,
    "options": {"learning_starts": 50, "batch_size": 32, "net_arch": [32, 32]},
}
_QUICK_METHODS = ("mapping", "replacement")

_LAST = 3
"""Number of evaluations at the end that the final figures are the means of."""

Moved = Callable[[int], None]


@dataclass(frozen=True)
class AgentStudyRun:
    """One agent.

    Attributes:
        task: id of its environment.
        method: one of `METHODS`.
        agent: options of `fag_tf.rl.agent_config.AgentConfig`.
        model: name of the model that ships; None if one is trained for the task.
        model_config: configuration of the training of that model; empty if one ships.
        seed: seed of the agent.
    """

    task: str
    method: str
    agent: Mapping[str, Any]
    model: str | None
    model_config: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    @property
    def key(self) -> str:
        """A readable file name that differs for different runs."""
        content = asdict(self)
        if self.method != "mapping":
            del content["model"], content["model_config"]
        return f"{_words(f'{self.task} {self.method} {self.seed}')}-{_digest(content)}"

    @property
    def model_key(self) -> str:
        """Name of the folder of the task's model."""
        return f"{_words(self.task)}-{_digest({'task': self.task, **self.model_config})}"


def _words(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text)


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps({**content, "format": FORMAT}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def agent_runs(
    seeds: int,
    quick: bool = False,
    tasks: Sequence[str] = (),
    methods: Sequence[str] = (),
    settings: Sequence[str] = (),
) -> list[AgentStudyRun]:
    """All runs of the study, ordered by seed, so that early results cover every method.

    Args:
        seeds: number of seeds.
        quick: whether to plan the small form, which only shows that everything works.
        tasks: ids of environments; those of the study if empty. Others than these have their own
            constraint, and a model is trained for them.
        methods: names; all if empty.
        settings: options of the agents, such as `steps=20000` or `options.gamma=0.95`.

    Raises:
        InputError: a method is unknown, or a setting is wrong.
    """
    for method in methods:
        if method not in METHODS:
            raise InputError(f"study {NAME} has no case {method!r}; it has {', '.join(METHODS)}")
    own: Sequence[str] = list(TASKS)[:1] if quick else list(TASKS)
    kept: Sequence[str] = _QUICK_METHODS if quick else METHODS
    agent = _agent_options(_QUICK_AGENT if quick else AGENT, settings)
    model_config = {**MODEL_CONFIG, **(_QUICK_MODEL if quick else {})}
    runs = []
    for seed in range(seeds):
        for task in tasks or own:
            model = TASKS.get(task)
            for method in methods or kept:
                config = {} if model is not None else model_config
                runs.append(AgentStudyRun(task, method, agent, model, config, seed))
    return runs


def _agent_options(defaults: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    from fag_tf.rl.agent_config import AgentConfig, parse_setting

    agent: dict[str, Any] = {**defaults, "options": dict(defaults.get("options", {}))}
    for setting in settings:
        name, value = parse_setting(setting)
        if name.startswith("options."):
            agent["options"][name.removeprefix("options.")] = value
        elif name in ("env", "method", "model", "seed"):
            raise InputError(f"--set {name}: a study sets it; use --env, --case or --seeds")
        else:
            agent[name] = value
    AgentConfig.from_dict({"env": "", "method": "penalty", **agent})
    return agent


def execute_agent(
    run: AgentStudyRun, folder: StudyFolder, moved: Moved = lambda _: None
) -> dict[str, Any]:
    """Train and evaluate an agent, or go on with it.

    Args:
        run: the run.
        folder: where its training and the task's model have their folders.
        moved: called with the number of environment steps.

    Returns:
        Plain values: the run, `curve`, the evaluations on the way, `figures` and `seconds`.
        `figures` has the means of the last evaluations, `train_violations`, the share of all
        steps of the training, and `area`, the mean return over all evaluations.

    Raises:
        InputError: Stable-Baselines3 is missing, or the task cannot be made.
    """
    from fag_tf.rl.agent_config import AgentConfig
    from fag_tf.rl.agent_run import CHECKPOINT, create_agent_run, is_agent_run, open_agent_run
    from fag_tf.rl.agent_training import train_agent

    started = time.perf_counter()
    model = (run.model or _trained_model(run, folder)) if run.method == "mapping" else None
    fitted = time.perf_counter()
    directory = folder.directory / "agents" / run.key
    if is_agent_run(directory):
        agent = open_agent_run(directory)
    else:
        options = {"env": run.task, "method": run.method, "model": model, "seed": run.seed}
        agent = create_agent_run(directory, AgentConfig.from_dict({**run.agent, **options}))
    train_agent(agent, moved=moved)
    (directory / CHECKPOINT).unlink(missing_ok=True)  # replay memories are large
    curve = agent.log()
    return {
        "run": asdict(run),
        "figures": _figures(curve),
        "curve": curve,
        "seconds": {"model": fitted - started, "agent": time.perf_counter() - fitted},
    }


def _figures(curve: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    names = (
        "return",
        "length",
        "success",
        "violations",
        "dead_ends",
        "interventions",
        "milliseconds",
    )
    last = curve[-_LAST:]
    figures = {
        name: float(np.mean([row[name] for row in last]))
        for name in names
        if all(name in row for row in last)
    }
    figures["area"] = float(np.mean([row["return"] for row in curve]))
    steps = np.diff([row["step"] for row in curve])
    if len(steps):
        shares = [row["train_violations"] for row in curve[1:]]
        figures["train_violations"] = float(np.average(shares, weights=steps))
    return figures


def _trained_model(run: AgentStudyRun, folder: StudyFolder) -> str:
    """The folder of the task's model, which is trained if it is not there."""
    from fag_tf.library import train
    from fag_tf.rl.feasible_environment import feasible_environment

    out: Path = folder.directory / "models" / run.model_key
    train(feasible_environment(run.task), out=out, config=run.model_config)
    return str(out)
