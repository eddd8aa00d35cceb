"""A trained agent in its own folder, which runs without the code that trained it.

`policy.onnx` maps observations to an action within -1 and 1, `agent.json` says what the environment
is wrapped in, and `model` is the model of an action mapping.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from fag_tf._utils.files import read_config, write_directory_atomically
from fag_tf.deployment.model_card import CARD_FILE
from fag_tf.deployment.model_folders import SHIPPED_NAMES, find_model
from fag_tf.deployment.onnx_sessions import open_session
from fag_tf.errors import InputError
from fag_tf.rl.agent_onnx import Layer, policy_graph
from fag_tf.rl.methods import METHODS, make_env, wrap_env
from fag_tf.rl.observed_inputs import ONLY

__all__ = ["AGENT_FILE", "SavedAgent", "load_agent", "policy_inputs", "save_agent"]

FORMAT = 1
AGENT_FILE = "agent.json"
POLICY_FILE = "policy.onnx"
MODEL_FOLDER = "model"

MOST_BYTES = 1 << 30
"""Largest size of a policy's file, in bytes."""


def policy_inputs(space: gymnasium.Space[Any]) -> dict[str, tuple[int, ...]]:
    """Shape of every observation of a policy, by name, in the order in which they are joined.

    Raises:
        InputError: the observations are no Box or Dict of these, or pictures.
    """
    parts = space.spaces if isinstance(space, spaces.Dict) else {ONLY: space}
    shapes = {}
    for name, part in parts.items():
        if not isinstance(part, spaces.Box) or part.dtype == np.uint8:
            raise InputError(
                f"the agent would observe {name}, {part}; only a Box of numbers, or a Dict of "
                "these, is supported. Wrap the environment"
            )
        shapes[name] = tuple(part.shape)
    return shapes


class SavedAgent:
    """A loaded agent; called with an observation it gives an action within -1 and 1.

    Attributes:
        directory: its folder.
        method: name of its environment's wrapper, one of `fag_tf.rl.methods.METHODS`.
        env: id of the environment that it was trained in.
        description: the content of `agent.json`.
    """

    def __init__(self, directory: Path, description: Mapping[str, Any], session: Any) -> None:
        self.directory, self.description = directory, dict(description)
        self.method, self.env = str(description["method"]), str(description["env"])
        self._session = session
        self._inputs = {each.name: each.shape[1:] for each in session.get_inputs()}

    def __call__(self, observation: Any) -> NDArray[np.float32]:
        """The action `[A]` for one observation, as the environment gives it.

        Raises:
            InputError: the observation has other arrays than those that the agent was trained with.
        """
        given = observation if isinstance(observation, Mapping) else {ONLY: observation}
        arrays = {}
        for name, shape in self._inputs.items():
            if name not in given or list(np.shape(given[name])) != shape:
                there = {key: np.shape(each) for key, each in given.items()}
                raise InputError(f"the agent observes {name} of shape {shape}; given are {there}")
            arrays[name] = np.asarray(given[name], np.float32)[None]
        action: NDArray[np.float32] = self._session.run(["action"], arrays)[0][0]
        return action

    def make_env(self, model: Any = None, **options: Any) -> gymnasium.Env[Any, Any]:
        """The environment that it was trained in, wrapped for it.

        No module is imported because the agent's folder names it. Import the module that registers
        the environment first, if you trust it.

        Args:
            model: see `wrap`.
            **options: arguments of the environment, such as `render_mode`.

        Raises:
            InputError: the environment is not registered, or the model is missing.
        """
        module, _, env_id = self.env.rpartition(":")
        if env_id not in gymnasium.registry:
            remedy = f"import {module}, if you trust it," if module else "import what registers it"
            raise InputError(f"the agent acts in {env_id}, which is not registered; {remedy} first")
        return self.wrap(make_env(env_id, **options), model)

    def wrap(self, env: gymnasium.Env[Any, Any], model: Any = None) -> gymnasium.Env[Any, Any]:
        """Wrap an environment such that the agent's outputs are its actions.

        Args:
            env: the environment.
            model: what the mapping of an agent with action mapping comes from, as for
                `ActionMapping`. By default the model in the agent's folder, or the one that ships.

        Raises:
            InputError: the agent maps actions by a run, which must be given.
        """
        if self.method == "mapping" and model is None:
            own, named = self.directory / MODEL_FOLDER, self.description["model"]
            if not own.is_dir() and named not in SHIPPED_NAMES:
                raise InputError(
                    f"the agent was trained with the run {named}, which is not in its folder; "
                    "give it, if you trust it: model=RUN"
                )
            model = str(own) if own.is_dir() else named
        return wrap_env(env, self.method, model)


def save_agent(
    directory: str | os.PathLike[str],
    inputs: Mapping[str, tuple[int, ...]],
    layers: list[Layer],
    bound: bool,
    description: Mapping[str, Any],
) -> None:
    """Write an agent's folder, with a copy of its model.

    Args:
        directory: the folder, which must not exist.
        inputs: from `policy_inputs`.
        layers: from observations to the action; see `policy_graph`.
        bound: see `policy_graph`.
        description: `env`, `method`, `model` and whatever else is to be known.

    Raises:
        InputError: the folder cannot be written.
    """
    with write_directory_atomically(directory) as partial:
        (partial / POLICY_FILE).write_bytes(policy_graph(inputs, layers, bound).SerializeToString())
        text = json.dumps({**description, "format": FORMAT}, indent=1)
        (partial / AGENT_FILE).write_text(text + "\n", encoding="utf-8")
        if (model := _model_folder(description.get("model"))) is not None:
            kept = partial / MODEL_FOLDER / model.name
            kept.mkdir(parents=True)
            for file in (model / CARD_FILE, *sorted(model.glob("*.onnx"))):
                (kept / file.name).write_bytes(file.read_bytes())


def _model_folder(model: Any) -> Path | None:
    """The folder of a model that is to be copied; those that ship are found by name."""
    if not isinstance(model, str) or model in SHIPPED_NAMES:
        return None
    try:
        return find_model(model)
    except InputError:  # a run
        return None


def load_agent(directory: str | os.PathLike[str]) -> SavedAgent:
    """Load an agent that `fag-tf rl` saved. Nothing in it is executed or unpickled.

    Args:
        directory: the agent's folder, or the folder of the run, which contains it as `agent`.

    Raises:
        InputError: there is no agent, or it is damaged.
    """
    directory = Path(directory)
    if not (directory / AGENT_FILE).is_file() and (directory / "agent" / AGENT_FILE).is_file():
        directory = directory / "agent"
    description = read_config(directory / AGENT_FILE, "agent")
    if description.get("format") != FORMAT or description.get("method") not in METHODS:
        raise InputError(
            f"{directory / AGENT_FILE} is of format {description.get('format')!r:.50} and method "
            f"{description.get('method')!r:.50}; this release reads format {FORMAT}"
        )
    for name in ("env", "model") if description["method"] == "mapping" else ("env",):
        if not isinstance(description.get(name), str):
            raise InputError(f"{directory / AGENT_FILE} lacks {name}, which must be text")
    return SavedAgent(directory, description, _session(directory / POLICY_FILE))


def _session(path: Path) -> Any:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path} is larger than {MOST_BYTES >> 20} MB; that is no policy")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    session = open_session(path)
    if [each.name for each in session.get_outputs()] != ["action"]:
        raise InputError(f"{path} gives no action; it is no policy")
    return session
