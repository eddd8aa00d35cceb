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
        `violations`, the share of actions that were taken and are not allowed; `dead_ends`, the
        share that is not allowed where no action is; and `interventions`, the share in whose place
        another action was taken, if their `info` tells it; and `milliseconds` of agent and
        environment in a step.
    """
    returns, lengths, successes = [], [], []
    told: dict[str, list[bool]] = {name: [] for name in ("feasible", "dead_end", "intervened")}
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
            for name, values in told.items():
                if name in info:
                    values.append(bool(info[name]))
        returns.append(total)
        lengths.append(length)
        for name in ("is_success", "success"):
            if name in info:
                successes.append(float(info[name]))
                break
    figures = {"return": float(np.mean(returns)), "length": float(np.mean(lengths))}
    if successes:
        figures["success"] = float(np.mean(successes))
    if told["feasible"]:
        figures["violations"] = 1.0 - float(np.mean(told["feasible"]))
    for name, plural in (("dead_end", "dead_ends"), ("intervened", "interventions")):
        if told[name]:
            figures[plural] = float(np.mean(told[name]))
    figures["milliseconds"] = 1000.0 * spent / sum(lengths)
    return figures
