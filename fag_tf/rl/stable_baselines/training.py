"""The training of an agent by Stable-Baselines3: evaluations, checkpoints and the log."""

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat

from fag_tf.rl.agent_evaluation import evaluate_agent
from fag_tf.rl.agent_run import AGENT, CHECKPOINT, CURVES, LOG_FILE, AgentRun, Row
from fag_tf.rl.stable_baselines.building import build_algorithm, evaluation_env
from fag_tf.rl.stable_baselines.checkpoints import load_checkpoint, save_checkpoint
from fag_tf.rl.stable_baselines.exporting import export_agent
from fag_tf.training.run_log import cut_log

__all__ = ["train"]

EVALUATION_SEED = 1 << 20
"""Seed of the episodes of an evaluation, the same for all runs."""


def train(
    run: AgentRun,
    report: Callable[[Row], None],
    moved: Callable[[int], None],
    stop: Callable[[], bool],
) -> int:
    """Train; see `fag_tf.rl.agent_training`."""
    config, directory = run.config, run.directory
    if run.is_complete:
        return config.steps
    algorithm = build_algorithm(config)
    curves = TensorBoardOutputFormat(str(directory / CURVES))
    try:
        checkpoint = directory / CHECKPOINT
        if not checkpoint.exists():
            (directory / LOG_FILE).unlink(missing_ok=True)
        else:
            load_checkpoint(algorithm, checkpoint)
            # Other episodes than those that the run began with.
            algorithm.set_random_seed(config.seed + 7919 * algorithm.num_timesteps % (1 << 31))
            cut_log(directory / LOG_FILE, algorithm.num_timesteps)
        algorithm.set_logger(Logger(None, [curves]))
        callback = _Callback(run, report, moved, stop)
        if algorithm.num_timesteps < config.steps:
            left = config.steps - algorithm.num_timesteps
            # Curves of losses, as the algorithm writes them.
            algorithm.learn(left, callback, log_interval=10, reset_num_timesteps=False)
        if not callback.stopped:
            export_agent(algorithm, config, directory / AGENT)
        return int(algorithm.num_timesteps)
    finally:
        curves.close()
        algorithm.env.close()


class _Callback(BaseCallback):
    """Evaluates, logs and saves every so many steps."""

    def __init__(
        self,
        run: AgentRun,
        report: Callable[[Row], None],
        moved: Callable[[int], None],
        stop: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._run, self._report, self._moved, self._stop = run, report, moved, stop
        self._env = evaluation_env(run.config)
        self._started = self._since = time.perf_counter()
        self._last = 0
        self.stopped = False
        self._begin_window()

    def _begin_window(self) -> None:
        self._returns: list[float] = []
        self._steps = self._broken = 0

    def _on_training_start(self) -> None:
        done = self.model.num_timesteps
        self._evaluated = done // self._run.config.eval_every
        self._saved = done // self._run.config.checkpoint_every
        self._last = done
        if done == 0:
            self._evaluate(0)

    def _on_step(self) -> bool:
        config, done = self._run.config, self.num_timesteps
        for info in self.locals["infos"]:
            self._steps += 1
            self._broken += not info.get("feasible", True)
            if "episode" in info:
                self._returns.append(float(info["episode"]["r"]))
        self._moved(done)
        if done // config.eval_every > self._evaluated:
            self._evaluated = done // config.eval_every
            self._evaluate(done)
        if done // config.checkpoint_every > self._saved:
            self._saved = done // config.checkpoint_every
            self._save()
        if done < config.steps and self._stop():
            self._save()
            self.stopped = True
        return not self.stopped

    def _on_training_end(self) -> None:
        if not self.stopped:
            # An algorithm that learns from whole roll-outs does more steps than it was asked for.
            if self.num_timesteps > self._last:
                self._evaluate(self.num_timesteps)
            self._save()

    def _save(self) -> None:
        save_checkpoint(self.model, self._run.directory / CHECKPOINT)

    def _evaluate(self, done: int) -> None:
        spent = time.perf_counter() - self._since
        row: Row = {"step": done}
        row |= evaluate_agent(self._env, self._act, self._run.config.eval_episodes, EVALUATION_SEED)
        if self._returns:
            row["train_return"] = float(np.mean(self._returns))
        if self._steps:
            row["train_violations"] = self._broken / self._steps
            row["steps_per_second"] = (done - self._last) / spent
        row["seconds"] = time.perf_counter() - self._started
        with (self._run.directory / LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")
        for name, value in row.items():
            if name != "step":
                self.logger.record(f"evaluation/{name}", value)
        self.logger.dump(done)
        self._report(row)
        self._begin_window()
        self._last, self._since = done, time.perf_counter()

    def _act(self, observation: Any) -> Any:
        return self.model.predict(observation, deterministic=True)[0]
