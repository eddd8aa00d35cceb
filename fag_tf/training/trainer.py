"""The training loop: collect, learn the critic, learn the actor, report, save."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment
from fag_tf.environments.validation import draw_states, observe
from fag_tf.errors import TrainingFailedError
from fag_tf.latents import stratified_latent
from fag_tf.networks.base import as_tensors
from fag_tf.training.collector import Collector
from fag_tf.training.demonstrations import remember_examples
from fag_tf.training.learner import Learner
from fag_tf.training.random_streams import Purpose, stream_of
from fag_tf.training.replay_memory import ExperienceBatch, ReplayMemory
from fag_tf.training.report_window import ReportWindow
from fag_tf.training.step_values import StepSettings

__all__ = ["Trainer"]

# While nothing is found, so many times as much is collected before training as was planned.
_PATIENCE = 4
_ADAPTED_TO = 1024  # states, from which networks learn the scale of what is observed

Report = dict[str, float]


class Trainer:
    """Trains one actor and one critic. Equal configurations give equal weights.

    `fag_tf.training.build.build_trainer` assembles one.

    Args:
        config: configuration of the run.
        environment: environment of the training.
        learner: networks and optimisers.
        memory: an empty replay memory.
        collector: tries actions in fresh states and gives what the replay memory stores.
        bandwidth_factors: factor of the bandwidth, one number or one for each axis `[A]`.

    Attributes:
        step: number of learning steps done.
        interactions: number of feasibility checks asked of the environment.
        window: figures since the last report.
    """

    def __init__(
        self,
        config: Config,
        environment: Environment,
        learner: Learner,
        memory: ReplayMemory,
        collector: Collector,
        bandwidth_factors: Any = 1.0,
    ) -> None:
        self.config = config
        self.environment = environment
        self.learner = learner
        self.memory = memory
        self.collector = collector
        self._bandwidth_factors = bandwidth_factors
        self.step = 0
        self.interactions = 0
        self.collected_rounds = 0
        self.window = ReportWindow()

    @property
    def progress(self) -> float:
        """Share of the steps that are done."""
        return self.step / self.config.trainer.steps

    def counters(self) -> dict[str, int]:
        """What a checkpoint holds beside weights and memory."""
        return {
            "step": self.step,
            "interactions": self.interactions,
            "collected_rounds": self.collected_rounds,
        }

    def restore_counters(self, counters: dict[str, int]) -> None:
        """Inverse of `counters`."""
        self.step = counters["step"]
        self.interactions = counters["interactions"]
        self.collected_rounds = counters["collected_rounds"]

    def run(
        self,
        report: Callable[[Report], None] = lambda _: None,
        checkpoint: Callable[[], object] = lambda: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Train until the configured number of steps is done or `stop` says so.

        Args:
            report: called with named figures every `log_every` steps.
            checkpoint: called every `checkpoint_every` steps and at the end.
            stop: asked after each step.
        """
        try:
            self._run(report, checkpoint, stop)
        finally:
            self.collector.checks.close()

    def _run(
        self,
        report: Callable[[Report], None],
        checkpoint: Callable[[], object],
        stop: Callable[[], bool],
    ) -> None:
        settings = self.config.trainer
        if self.config.collect.num_imitation and not len(self.memory):
            self.interactions += remember_examples(
                self.environment,
                self.memory,
                self.config.collect,
                stream_of(self.config.seed, Purpose.IMITATE),
            )
        if not self.step:
            self._collect_initially()
            self.learner.adapt(self.memory.observations(_ADAPTED_TO))
        window = self.window
        window.start_clock()
        while self.step < settings.steps:
            if self.step % self.config.collect.every == 0:
                window.add(self.finish_collecting())
                if self.progress < self.config.collect.until and self.may_collect():
                    self.begin_collecting()
            window.add(self.learn())
            self.step += 1
            if self.step == settings.steps:
                window.add(self.finish_collecting())
            if self.step % settings.log_every == 0 or self.step == settings.steps:
                figures = window.take()
                _check_sound(figures, self.step)
                report(figures | {"step": self.step, "interactions": self.interactions})
            stopping = stop()
            done = self.step == settings.steps
            if self.step % settings.checkpoint_every == 0 or done or stopping:
                checkpoint()
            if stopping:
                return

    def _collect_initially(self) -> None:
        """Fill the memory before the first step; with more than planned while nothing is found.

        Raises:
            TrainingFailedError: nothing is found.
        """
        settings = self.config.collect
        planned = math.ceil(settings.initial_states / settings.states)
        while self.collected_rounds < planned:
            self.finish_collecting()
            if not self.may_collect():
                break
            self.begin_collecting()
        if self.config.trainer.target != "critic":
            return  # the actor learns on labels of its own
        while not self.memory.has_feasible():
            self.window.add(self.finish_collecting())
            if self.memory.has_feasible():
                return
            if self.collected_rounds >= _PATIENCE * planned or not self.may_collect():
                raise TrainingFailedError(_nothing_found(self.environment, self.interactions))
            self.begin_collecting()

    def may_collect(self) -> bool:
        """Whether one more round stays within `collect.max_interactions`."""
        collect = self.config.collect
        more = collect.states * collect.experiences
        return not 0 < collect.max_interactions < self.interactions + more

    def begin_collecting(self) -> None:
        """Begin a round of collection, which goes on while the networks learn."""
        self.collector.begin(self.collected_rounds, graded=self.memory.tolerance > 0.0)
        self.collected_rounds += 1

    def finish_collecting(self) -> dict[str, float]:
        """Remember what the round that was begun found, if there is one; returns its figures."""
        collected = self.collector.finish()
        if collected is None:
            return {}
        violation = collected.violation
        self.memory.add(collected.experience, violation)
        self.interactions += collected.interactions
        if violation is None or self.memory.tolerance == 0.0:
            return collected.figures
        self.memory.tighten(float(np.quantile(violation, self.config.collect.tolerated_share)))
        return collected.figures | {"tolerance": self.memory.tolerance}

    def _latent(self, rng: np.random.Generator) -> tf.Tensor:
        config, actor = self.config, self.learner.actor
        dim = actor.latent_dim + actor.jitter_dim
        count = config.objective.num_supports
        return tf.constant(stratified_latent(rng, config.trainer.batch, count, dim))

    def _settings(self) -> StepSettings:
        config, progress = self.config, self.progress
        objective = config.objective
        return StepSettings(
            bandwidth=tf.constant(
                objective.bandwidth(progress) * self._bandwidth_factors, tf.float32
            ),
            divergence_weights=tf.constant(
                [weight(progress) for weight in objective.divergence.values()], tf.float32
            ),
            critic_gradient=tf.constant(objective.critic_gradient(progress), tf.float32),
            actor_learning_rate=tf.constant(config.actor.learning_rate(progress), tf.float32),
            critic_learning_rate=tf.constant(config.critic.learning_rate(progress), tf.float32),
        )

    def learn(self) -> dict[str, Any]:
        """One learning step; returns its figures as tensors."""
        config = self.config
        rng = stream_of(config.seed, Purpose.LEARN)(self.step)
        settings = self._settings()
        critic = config.critic
        drawn = self.memory.draw(rng, critic.states, critic.experiences, critic.feasible_share)
        batch = ExperienceBatch(as_tensors(drawn.observation), *map(tf.constant, drawn[1:]))
        latent = self._latent(rng)
        seed = tf.constant(rng.integers(2**31, size=2), tf.int32)
        if self.step < critic.warmup_steps:
            return self.learner.learn_critic(batch, settings)
        if config.trainer.target == "critic":
            return self.learner.learn_on_critic(batch, latent, seed, settings)
        critic_figures = self.learner.learn_critic(batch, settings)
        return critic_figures | self._learn_on_environment(rng, seed, settings)

    def _learn_on_environment(
        self, rng: np.random.Generator, seed: tf.Tensor, settings: StepSettings
    ) -> dict[str, Any]:
        config = self.config
        states = draw_states(self.environment, rng, config.trainer.batch)
        observation = as_tensors(observe(self.environment, states))
        latent = self._latent(rng)
        samples, log_proposal = self.learner.propose(observation, latent, settings.bandwidth, seed)
        wrapped = self.environment.action_space.wrap(samples.numpy())
        feasible = self.collector.checks(states, wrapped)
        self.interactions += feasible.size
        return self.learner.learn_on_samples(
            observation,
            latent,
            samples,
            log_proposal,
            tf.constant(feasible, tf.float32),
            settings,
        )


def _nothing_found(environment: Environment, tried: int) -> str:
    return (
        f"of {tried} actions tried in environment {environment.name!r} none is feasible, so there "
        "is nothing to learn from; check `feasibility`, make the action space smaller, give the "
        "environment a method `violation` that says how far an action is from being feasible, or "
        "give examples by collect.num_imitation"
    )


def _check_sound(figures: Report, step: int) -> None:
    """Stop when nothing can be learnt any more; single steps that failed were left out.

    Raises:
        TrainingFailedError: a network gives no numbers.
    """
    norms = [figures.get(f"{network}_gradient_norm", 0.0) for network in ("critic", "actor")]
    if not all(math.isfinite(norm) for norm in norms):
        raise TrainingFailedError(
            f"at step {step} the networks no longer give numbers; lower actor.learning_rate or "
            "critic.learning_rate, or look for observations that are not finite"
        )
