"""An algorithm of Stable-Baselines3 with its environments, as a configuration says."""

import functools
from collections.abc import Callable
from typing import Any

import gymnasium
import torch
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv

from fag_tf.errors import InputError
from fag_tf.rl.agent_config import AgentConfig
from fag_tf.rl.methods import RESAMPLING, make_env, wrap_env
from fag_tf.rl.observed_inputs import find_constraint
from fag_tf.rl.saved_agent import policy_inputs
from fag_tf.rl.stable_baselines.resampling import Resampler, resampling_policy

__all__ = ["build_algorithm", "evaluation_env"]

_ALGORITHMS = {"sac": SAC, "ppo": PPO}

_OPTIONS = {
    "sac": (
        *("learning_rate", "buffer_size", "learning_starts", "batch_size", "tau", "gamma"),
        *("train_freq", "gradient_steps", "ent_coef", "target_entropy", "target_update_interval"),
    ),
    "ppo": (
        *("learning_rate", "n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda"),
        *("clip_range", "ent_coef", "vf_coef", "max_grad_norm", "target_kl"),
    ),
}
"""Arguments of an algorithm that are numbers, or text."""


def evaluation_env(config: AgentConfig) -> gymnasium.Env[Any, Any]:
    """One environment as the agent knows it."""
    return wrap_env(make_env(config.env), config.method, config.model)


def _monitored(config: AgentConfig) -> gymnasium.Env[Any, Any]:
    return Monitor(evaluation_env(config))


def build_algorithm(config: AgentConfig) -> Any:
    """An algorithm before its first step. PyTorch is limited to one thread.

    Args:
        config: configuration of the training.

    Raises:
        InputError: the environment or the model cannot be made, they do not fit each other, or the
            algorithm has no such option.
    """
    torch.set_num_threads(1)
    alone = evaluation_env(config)  # whose errors are one line, unlike those of a process
    space = alone.observation_space
    policy_inputs(space)
    policy: Any = "MultiInputPolicy" if isinstance(space, gymnasium.spaces.Dict) else "MlpPolicy"
    if config.method == RESAMPLING:
        policy = resampling_policy(config.algorithm, space)
    make: Callable[[], gymnasium.Env[Any, Any]] = functools.partial(_monitored, config)
    makers = [make] * config.num_envs
    if config.num_envs == 1:
        env: VecEnv = DummyVecEnv(makers)
    else:
        env = SubprocVecEnv(makers, start_method="spawn")
    try:
        made = _made(config, policy, env)
    except BaseException:
        env.close()
        raise
    if config.method == RESAMPLING:
        base = alone.unwrapped.action_space
        assert isinstance(base, gymnasium.spaces.Box)
        made.policy.resampler = Resampler(find_constraint(alone), base)
    alone.close()
    return made


def _made(config: AgentConfig, policy: Any, env: VecEnv) -> Any:
    kind = _ALGORITHMS[config.algorithm]
    options = dict(config.options)
    policy_kwargs = {}
    if "net_arch" in options:
        sizes = policy_kwargs["net_arch"] = options.pop("net_arch")
        if not (isinstance(sizes, list) and all(type(size) is int and size > 0 for size in sizes)):
            raise InputError(f"net_arch is {sizes!r:.100}; it must be a list of sizes: [256,256]")
    for name in options:
        if name not in _OPTIONS[config.algorithm]:
            known = ", ".join(_OPTIONS[config.algorithm])
            raise InputError(f"{config.algorithm} has no option {name!r}; it has net_arch, {known}")
        _check_number(name, options[name])
    if config.algorithm == "sac":
        # No more room than is ever filled.
        options["buffer_size"] = min(int(options.get("buffer_size", 1_000_000)), config.steps)
    try:
        return kind(
            policy,
            env,
            seed=config.seed,
            device="cpu",
            policy_kwargs=policy_kwargs,
            **options,
        )
    except (TypeError, ValueError, AssertionError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"{config.algorithm} refuses its options: {text:.300}") from error


def _check_number(name: str, value: Any) -> None:
    """Refuse an option that is no number, and that would be found out long after."""
    automatic = name in ("ent_coef", "target_entropy") and isinstance(value, str)
    if not (automatic or type(value) in (int, float)):
        raise InputError(f"{name} is {value!r:.100}; it must be a number")
