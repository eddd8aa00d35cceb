"""What defines the training of an agent; it is saved with its run."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from fag_tf.errors import InputError
from fag_tf.rl.methods import check_method

__all__ = ["ALGORITHMS", "AgentConfig", "parse_setting"]

ALGORITHMS = ("sac", "ppo")
"""Names of the algorithms of Stable-Baselines3."""

_COUNTS = ("steps", "eval_every", "eval_episodes", "checkpoint_every", "num_envs")


@dataclass(frozen=True)
class AgentConfig:
    """Options of a training.

    Attributes:
        env: id of the environment.
        method: one of `fag_tf.rl.methods.METHODS`.
        model: name or folder of the model of a mapping; None for the other methods.
        algorithm: one of `ALGORITHMS`.
        steps: number of environment steps.
        seed: seed of all random numbers.
        num_envs: number of environments that collect, each in its own process if there are several.
        eval_every: number of steps between two evaluations.
        eval_episodes: number of episodes of an evaluation.
        checkpoint_every: number of steps between two checkpoints; a crash loses at most these.
        options: arguments of the algorithm by name, such as `learning_rate`, and `net_arch`, the
            sizes of its networks' hidden layers. What is left out keeps the default of
            Stable-Baselines3.
    """

    env: str
    method: str
    model: str | None = None
    algorithm: str = "sac"
    steps: int = 100_000
    seed: int = 0
    num_envs: int = 1
    eval_every: int = 5_000
    eval_episodes: int = 10
    checkpoint_every: int = 5_000
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_method(self.method, self.model)
        if self.algorithm not in ALGORITHMS:
            raise InputError(
                f"algorithm is {self.algorithm!r}; it must be {' or '.join(ALGORITHMS)}"
            )
        for name in _COUNTS:
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= 10**10:
                raise InputError(f"{name} is {value!r}; it must be a whole number, 1 or more")
        if type(self.seed) is not int or not 0 <= self.seed < 2**31:
            raise InputError(f"seed is {self.seed!r}; it must be a whole number below 2**31")
        if not isinstance(self.options, Mapping):
            raise InputError(f"options is {self.options!r:.100}; it must be a table")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "AgentConfig":
        """Inverse of `to_dict`.

        Raises:
            InputError: an option is unknown, missing or out of its range.
        """
        known = {each.name for each in fields(cls)}
        if unknown := set(values) - known:
            raise InputError(f"options {sorted(unknown)} are unknown; there are {sorted(known)}")
        for name in ("env", "method"):
            if not isinstance(values.get(name), str):
                raise InputError(f"{name} is {values.get(name)!r:.100}; it must be text")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "options": dict(self.options)}


def parse_setting(setting: str) -> tuple[str, Any]:
    """Name and value of `NAME=VALUE`; a value that is no JSON is text.

    Raises:
        InputError: it is of another form.
    """
    name, equals, text = setting.partition("=")
    if not (name and equals):
        raise InputError(f"--set {setting}: write NAME=VALUE, such as gamma=0.95")
    try:
        return name, json.loads(text)
    except ValueError:
        return name, text
