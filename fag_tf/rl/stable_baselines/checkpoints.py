"""Checkpoints of an algorithm as one NPZ file.

Stable-Baselines3 pickles what it saves. A file of it may run code when it is loaded, so nothing of
it is used here: the file holds arrays and one JSON text.
"""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fag_tf._utils.files import write_atomically
from fag_tf.errors import InputError

__all__ = ["load_checkpoint", "save_checkpoint"]

FORMAT = 1
COUNTERS = ("num_timesteps", "_episode_num", "_n_updates")

Arrays = dict[str, NDArray[Any]]


def save_checkpoint(algorithm: Any, file: Path) -> None:
    """Write networks, optimizers, replay memory, multipliers and counters, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    arrays: Arrays = {}
    groups: dict[str, Any] = {}
    names, variables = algorithm._get_torch_save_params()
    for name, state in algorithm.get_parameters().items():
        if "param_groups" in state:
            groups[name] = state["param_groups"]
            for index, values in state["state"].items():
                for key, value in values.items():
                    arrays[f"optimizer/{name}/{index}/{key}"] = _numpy(value)
        else:
            for key, value in state.items():
                arrays[f"network/{name}/{key}"] = _numpy(value)
    for name in variables:
        arrays[f"variable/{name}"] = _numpy(getattr(algorithm, name))
    content: dict[str, Any] = {
        "format": FORMAT,
        "networks": [name for name in names if name not in groups],
        "optimizers": groups,
        "counters": {name: int(getattr(algorithm, name)) for name in COUNTERS},
        "multipliers": _multipliers(algorithm),
    }
    memory = getattr(algorithm, "replay_buffer", None)
    if memory is not None:
        filled = memory.buffer_size if memory.full else memory.pos
        content["memory"] = {"pos": int(memory.pos), "full": bool(memory.full)}
        for key, array in _memory_arrays(memory).items():
            arrays[f"memory/{key}"] = array[:filled]
    with write_atomically(file) as partial:
        np.savez(partial, content=np.array(json.dumps(content)), **arrays)  # type: ignore[arg-type]


def load_checkpoint(algorithm: Any, file: Path) -> None:
    """Inverse of `save_checkpoint`; the algorithm is as built from the same configuration.

    Raises:
        InputError: the file is damaged, or of another configuration.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        content = json.loads(str(arrays.pop("content")))
        if content["format"] != FORMAT:
            raise InputError(f"{file} is of format {content['format']!r:.50}, not {FORMAT}")
        _restore(algorithm, content, arrays)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile) as error:
        text = " ".join(str(error).split())
        raise InputError(
            f"{file} cannot be loaded ({text:.200}); it is damaged, or of another configuration"
        ) from error


def _restore(algorithm: Any, content: Mapping[str, Any], arrays: Arrays) -> None:
    def under(head: str) -> Arrays:
        return {name[len(head) :]: each for name, each in arrays.items() if name.startswith(head)}

    parameters: dict[str, Any] = {}
    for name in content["networks"]:
        state = under(f"network/{name}/")
        parameters[name] = {key: torch.from_numpy(each.copy()) for key, each in state.items()}
    for name, groups in content["optimizers"].items():
        values: dict[int, dict[str, torch.Tensor]] = {}
        for key, each in under(f"optimizer/{name}/").items():
            index, _, entry = key.partition("/")
            values.setdefault(int(index), {})[entry] = torch.from_numpy(each.copy())
        for group in groups:
            group["betas"] = tuple(group["betas"])
        parameters[name] = {"state": values, "param_groups": groups}
    algorithm.set_parameters(parameters, exact_match=True, device="cpu")
    for name, each in under("variable/").items():
        getattr(algorithm, name).data.copy_(torch.from_numpy(each.copy()))
    for name, value in content["counters"].items():
        if name in COUNTERS:
            setattr(algorithm, name, int(value))
    for i, value in enumerate(content["multipliers"]):
        algorithm.env.env_method("set_wrapper_attr", "multiplier", float(value), indices=[i])
    if "memory" in content:
        memory = algorithm.replay_buffer
        for key, array in _memory_arrays(memory).items():
            stored = arrays[f"memory/{key}"]
            array[: len(stored)] = stored
        memory.pos, memory.full = content["memory"]["pos"], content["memory"]["full"]


def _multipliers(algorithm: Any) -> list[float]:
    """Of a `Lagrangian` in each environment; none for another method."""
    env = algorithm.env
    if not env.has_attr("multiplier"):
        return []
    return [float(value) for value in env.get_attr("multiplier")]


def _memory_arrays(memory: Any) -> Arrays:
    """The arrays of a replay memory by name."""
    arrays: Arrays = {}
    for name in ("observations", "next_observations", "actions", "rewards", "dones", "timeouts"):
        held = getattr(memory, name)
        if isinstance(held, dict):
            arrays |= {f"{name}/{key}": each for key, each in held.items()}
        else:
            arrays[name] = held
    return arrays


def _numpy(value: Any) -> NDArray[Any]:
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.array(value)
