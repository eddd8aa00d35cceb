"""How an agent does: its return, its success, how often it breaks the constraint, and its pace."""

import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

__all__ = ["evaluate_agent"]


def evaluate_agent(
    env: gymnasium.Env[Any, Any], agent: Callable[[Any], Any], episodes: int, seed: int = 0
) -> dict[str, float]:
    """Let an agent act for some episodes.

    Args:
        env: the environment as the agent knows it.
        agent: function from an observation to an action.
        episodes: number of episodes.
        seed: the episodes begin as those of any agent with the same seed.

    Returns:
        Means over the episodes: `return`, `length` in steps, and `success`, the share that ends
        with `info["is_success"]` or `info["success"]`, if the environment tells it. Over the steps:
        `violations`, the share of actions that were taken and are not allowed, and `interventions`,
        the share in whose place another action was taken, if their `info` tells it; and
        `milliseconds` of agent and environment in a step.
    """
    returns, lengths, successes = [], [], []
    feasible: list[bool] = []
    intervened: list[bool] = []
    seeds = np.random.default_rng(seed).integers(1 << 31, size=episodes)
    spent = 0.0
    for each in seeds:
        observation, info = env.reset(seed=int(each))
        total, length, ended = 0.0, 0, False
        while not ended:
            started = time.perf_counter()
            observation, reward, terminated, truncated, info = env.step(agent(observation))
            spent += time.perf_counter() - started
            total, length = total + float(reward), length + 1
            ended = terminated or truncated
            if "feasible" in info:
                feasible.append(bool(info["feasible"]))
            if "intervened" in info:
                intervened.append(bool(info["intervened"]))
        returns.append(total)
        lengths.append(length)
        for name in ("is_success", "success"):
            if name in info:
                successes.append(float(info[name]))
                break
    figures = {"return": float(np.mean(returns)), "length": float(np.mean(lengths))}
    if successes:
        figures["success"] = float(np.mean(successes))
    if feasible:
        figures["violations"] = 1.0 - float(np.mean(feasible))
    if intervened:
        figures["interventions"] = float(np.mean(intervened))
    figures["milliseconds"] = 1000.0 * spent / sum(lengths)
    return figures
