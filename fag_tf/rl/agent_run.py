"""The training of an agent on the disk: configuration, log, curves, checkpoint and saved agent."""

import json
from pathlib import Path
from typing import Any

from fag_tf._utils.files import check_writable, read_config, write_atomically
from fag_tf.errors import InputError
from fag_tf.rl.agent_config import AgentConfig
from fag_tf.training.run_log import read_log

__all__ = ["AgentRun", "create_agent_run", "is_agent_run", "open_agent_run"]

CONFIG_FILE = "agent_config.json"
LOG_FILE = "log.jsonl"
CHECKPOINT = "checkpoint.npz"
CURVES = "tensorboard"
AGENT = "agent"

Row = dict[str, Any]


class AgentRun:
    """A training of an agent; made by `create_agent_run` or `open_agent_run`.

    Attributes:
        directory: its folder. `log.jsonl` has a line for each evaluation, `tensorboard` the curves,
            `checkpoint.npz` the latest state, and, once the run is complete, `agent` the trained
            agent for `fag_tf.rl.load_agent`.
        config: its configuration.
    """

    def __init__(self, directory: Path, config: AgentConfig) -> None:
        self.directory, self.config = directory, config

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done."""
        return (self.directory / AGENT).is_dir()

    def log(self) -> list[Row]:
        """The evaluations so far.

        A row has the figures of `evaluate_agent` by its names, and of the training since the row
        before: `train_return`, the mean return of its episodes, `train_violations`, the share of
        steps whose action is not allowed, and `steps_per_second`. `step` is the number of
        environment steps, and `seconds` the time since the run was begun or continued.
        """
        return read_log(self.directory / LOG_FILE)


def is_agent_run(directory: str | Path) -> bool:
    """Whether the training of an agent lives in that folder."""
    return (Path(directory) / CONFIG_FILE).is_file()


def create_agent_run(directory: str | Path, config: AgentConfig) -> AgentRun:
    """Make the folder of a new run and save its configuration there.

    Raises:
        InputError: a run lives there already, or the folder cannot be written.
    """
    directory = Path(directory)
    for left in (CONFIG_FILE, CHECKPOINT, LOG_FILE, AGENT):
        if (directory / left).exists():
            raise InputError(
                f"{directory} holds {left} of a run already; go on with it (--resume) or choose "
                "another folder"
            )
    check_writable(directory)
    with write_atomically(directory / CONFIG_FILE) as partial:
        partial.write_text(json.dumps(config.to_dict(), indent=1) + "\n", encoding="utf-8")
    return AgentRun(directory, config)


def open_agent_run(directory: str | Path) -> AgentRun:
    """Open an existing run.

    Raises:
        InputError: there is none, or its configuration cannot be read.
    """
    directory = Path(directory)
    if not is_agent_run(directory):
        raise InputError(f"{directory} holds no training of an agent: it has no {CONFIG_FILE}")
    try:
        config = AgentConfig.from_dict(read_config(directory / CONFIG_FILE))
    except InputError as error:
        raise InputError(f"{directory} cannot be opened: {error}") from error
    return AgentRun(directory, config)
