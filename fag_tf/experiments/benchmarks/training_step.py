"""A whole training step: the rate of its operations, and the times of its parts."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from fag_tf.config.schema import Config
from fag_tf.experiments.benchmarks.models import trained_config
from fag_tf.experiments.benchmarks.operations import Operations, count_operations, host_operations
from fag_tf.experiments.benchmarks.registry import Conditions
from fag_tf.experiments.benchmarks.results import (
    Figure,
    NotMeasuredError,
    Target,
    rate_figure,
    time_figure,
)
from fag_tf.experiments.benchmarks.timing import interleave, sum_of
from fag_tf.training.build import build_trainer

__all__ = ["StepParts", "measure", "quick_config"]

_PRODUCT = 1024  # size of the square matrices that measure the rate
_ROUNDS = 15
_STATES = 64  # collected before the timing; more states change no time


def quick_config(config: Config) -> Config:
    """The configuration with small networks and few samples, only to show that it works."""
    return dataclasses.replace(
        config,
        actor=dataclasses.replace(config.actor, width=8, depth=1, steps=1),
        critic=dataclasses.replace(
            config.critic, width=8, depth=1, states=2, experiences=4, updates=1
        ),
        objective=dataclasses.replace(config.objective, num_supports=8, num_samples=8),
        collect=dataclasses.replace(config.collect, states=2, experiences=4, initial_states=2),
        trainer=dataclasses.replace(config.trainer, batch=2, compile=False),
    )


class StepParts:
    """A trainer after its warm-up, with its step and the parts of the step as timed calls.

    Args:
        config: configuration of a training in which the actor learns from the critic.

    Attributes:
        trainer: a trainer with a few collected states.

    Raises:
        NotMeasuredError: the actor learns from the environment itself.
    """

    def __init__(self, config: Config) -> None:
        if config.trainer.target != "critic":
            raise NotMeasuredError("a step is measured where the actor learns on the critic")
        few = min(_STATES, config.collect.initial_states)
        self.config = dataclasses.replace(
            config, memory=dataclasses.replace(config.memory, capacity=max(few, 256))
        )
        self.trainer = build_trainer(self.config)
        self.trainer.step = config.critic.warmup_steps
        for _ in range(-(-few // config.collect.states)):
            self.collect()
        # Arguments of the compiled functions, so that they can be called alone.
        learner = self.trainer.learner
        self._acting, self._judging = _recorded(learner, self.collect, "act", "logits")
        self._learning, self._updating, self._believing = _recorded(
            learner, self.trainer.learn, "learn_on_critic", "update_critic", "learn_on_belief"
        )

    def learn(self) -> None:
        """Draw from memory and learn, and wait for the result."""
        _wait(self.trainer.learn())

    def collect(self) -> None:
        """One round of collection, for `config.collect.every` steps, without learning."""
        self.trainer.begin_collecting()
        self.trainer.finish_collecting()

    def round(self) -> None:
        """One round of collection with the learning steps that run at the same time."""
        self.trainer.begin_collecting()
        for _ in range(self.config.collect.every):
            self.learn()
        self.trainer.finish_collecting()

    def learn_compiled(self) -> None:
        """The compiled learning step alone, on a batch that is already drawn."""
        _wait(self.trainer.learner.learn_on_critic(*self._learning))

    def learn_critic(self) -> None:
        """The critic's part of the learning step."""
        batch, _, _, settings = self._learning
        _wait(self.trainer.learner.learn_critic(batch, settings))

    def operations(self) -> tuple[Operations, int]:
        """Operations of a step with its share of collection, and its number of calls to Python."""
        learner, every = self.trainer.learner, self.config.collect.every
        shares = [
            (learner.update_critic, self._updating, self.config.critic.updates),
            (learner.average_critic, (), 1),
            (learner.learn_on_belief, self._believing, 1),
            (learner.act, self._acting, 1 / every),
            (learner.logits, self._judging, 1 / every),
        ]
        concrete = [function.get_concrete_function(*given) for function, given, _ in shares]
        counted = [count_operations(each) for each in concrete]
        times = [each for _, _, each in shares]
        whole = Operations(
            sum(each * part.products for each, part in zip(times, counted, strict=True)),
            sum(each * part.others for each, part in zip(times, counted, strict=True)),
        )
        return whole, sum(host_operations(each) for each in concrete)

    def features(self) -> Callable[[], object]:
        """The features of the observations in both networks, which do not depend on actions."""
        learner, states = self.trainer.learner, self.config.trainer.batch

        def encode(observation: Mapping[str, tf.Tensor]) -> list[tf.Tensor]:
            few = {name: tensor[:states] for name, tensor in observation.items()}
            encoded = [learner.critic.encode(observation), learner.actor.encode(few)]
            flat = [part for part in tf.nest.flatten(encoded) if tf.is_tensor(part)]
            return [tf.reduce_sum(part) for part in flat if part.dtype.is_floating]

        return self._compiled(encode, self._learning[0].observation)

    def kernels(self) -> Callable[[], object]:
        """Proposal, kernel densities and divergence with gradients, at uniform actions."""
        objective, settings = self.trainer.learner.objective, self._learning[-1]
        number, ratio = self.config.objective.num_samples, self.config.objective.proposal_ratio
        shape = (self.config.trainer.batch, self.config.objective.num_supports)
        drawn = self.trainer.environment.action_space.sample(np.random.default_rng(0), shape)

        def pull(supports: tf.Tensor, seed: tf.Tensor) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(supports)
                samples, log_proposal = objective.propose(
                    supports, ratio * settings.bandwidth, number, seed
                )
                loss = objective.surrogate(
                    supports,
                    samples,
                    log_proposal,
                    tf.zeros_like(log_proposal),
                    settings.bandwidth,
                    settings.divergence_weights,
                ).loss
            return [loss, tape.gradient(loss, supports)]

        return self._compiled(pull, tf.constant(drawn), self._learning[-2])

    def optimisers(self) -> Callable[[], object]:
        """All updates of a step, with gradients and learning rates of zero."""
        learner = self.trainer.learner
        pairs = [(learner.critic_optimizer, learner.critic.trainable_variables)]
        pairs *= self.config.critic.updates
        pairs.append((learner.actor_optimizer, learner.actor.trainable_variables))
        zeros = [[tf.zeros(variable.shape) for variable in variables] for _, variables in pairs]

        def update(gradients: list[list[tf.Tensor]]) -> list[tf.Tensor]:
            for (optimizer, variables), parts in zip(pairs, gradients, strict=True):
                optimizer.learning_rate.assign(0.0)
                optimizer.apply(parts, variables)
            return [tf.identity(learner.actor_optimizer.iterations)]

        return self._compiled(update, zeros)

    def _compiled(self, function: Any, *arguments: Any) -> Callable[[], object]:
        compiled = tf.function(function, jit_compile=self.config.trainer.compile, autograph=False)
        return lambda: [part.numpy() for part in compiled(*arguments)]


def _recorded(learner: Any, call: Callable[[], object], *names: str) -> list[tuple[Any, ...]]:
    """The last arguments of the named methods of a learner during a call that uses them all."""
    functions = {name: getattr(learner, name) for name in names}
    given: dict[str, tuple[Any, ...]] = {}

    def recorder(name: str) -> Callable[..., Any]:
        def record(*arguments: Any) -> Any:
            given[name] = arguments
            return functions[name](*arguments)

        return record

    for name in names:
        setattr(learner, name, recorder(name))
    try:
        call()
    finally:
        for name, function in functions.items():
            setattr(learner, name, function)
    return [given[name] for name in names]


def _wait(figures: Mapping[str, tf.Tensor]) -> None:
    for tensor in figures.values():
        tensor.numpy()


def _product() -> Callable[[], object]:
    rng = np.random.default_rng(0)
    left, right = (
        tf.constant(rng.standard_normal((_PRODUCT, _PRODUCT)), tf.float32) for _ in range(2)
    )
    return lambda: tf.linalg.matmul(left, right).numpy()


def measure(conditions: Conditions) -> list[Figure]:
    """Measure the figures of this benchmark."""
    config = trained_config(conditions.model)
    parts = StepParts(quick_config(config) if conditions.quick else config)
    spent = interleave(
        {
            "learn": parts.learn,
            "product": _product(),
            "collect": parts.collect,
            "round": parts.round,
            "compiled": parts.learn_compiled,
            "critic": parts.learn_critic,
            "features": parts.features(),
            "kernels": parts.kernels(),
            "optimisers": parts.optimisers(),
        },
        2 if conditions.quick else _ROUNDS,
        warmup=2,
    )
    counted, host = parts.operations()
    share = 1.0 / parts.config.collect.every
    whole = sum_of([spent["round"]], [share])
    rate = (2e-9 * _PRODUCT**3, spent["product"])
    name = "one training step"
    known = [spent[part] for part in ("compiled", "features", "kernels", "optimisers")]
    shares = {
        "collection, if nothing were beside it": sum_of([spent["collect"]], [share]),
        "collection, beside learning": sum_of([whole, spent["learn"]], [1.0, -1.0]),
        "drawing from memory, latents": sum_of([spent["learn"], spent["compiled"]], [1.0, -1.0]),
        "critic": spent["critic"],
        "actor": sum_of([spent["compiled"], spent["critic"]], [1.0, -1.0]),
        "features of the pictures": spent["features"],
        "proposal and kernels": spent["kernels"],
        "optimisers": spent["optimisers"],
        "networks and what they read": sum_of(known, [1.0, -1.0, -1.0, -1.0]),
    }
    return [
        time_figure(name, whole),
        rate_figure(
            f"{name}: counted operations, {counted.total / 1e9:.3g} GFLOP",
            counted.total / 1e9,
            whole,
            "GFLOP/s",
            f"float32 matmul of {_PRODUCT}",
            rate,
            Target(0.45, most=False),
        ),
        rate_figure(
            f"{name}: matrix products among them, {counted.products / 1e9:.3g} GFLOP",
            counted.products / 1e9,
            whole,
            "GFLOP/s",
            f"float32 matmul of {_PRODUCT}",
            rate,
        ),
        Figure(
            f"{name}: calls to Python inside the compiled part",
            host,
            "1",
            target=Target(0.0, of="value"),
        ),
        *(
            time_figure(f"{name}: {part}", spent_on, against="whole step", reference=whole)
            for part, spent_on in shares.items()
        ),
    ]
