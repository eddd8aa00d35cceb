"""A conditional Wasserstein GAN with gradient penalty, fitted to replayed feasible actions.

Source: Gulrajani et al. 2017 (arXiv 1704.00028). The generator has the size of the actor, and the
adversary has the size of the critic. Before training, the generator's samples are spread over the
action space, like the samples of the actor.
"""

from typing import Any

import keras
import tensorflow as tf

from fag_tf.config.schedules import Schedule
from fag_tf.config.schema import Config
from fag_tf.environments.base import Environment
from fag_tf.networks.base import as_tensors
from fag_tf.networks.mlp import MLPActor, MLPCritic
from fag_tf.training.baselines.generators import stream
from fag_tf.training.trainer import Trainer

__all__ = ["build_wgan", "fit_wgan"]

_PENALTY = 1.0  # with the original's 10, an adversary of two coordinates cannot follow an edge
_ADVERSARY_STEPS = 3
_LEARNING_RATE = Schedule(2e-3, 1e-4, "cosine", 0.3)
_WGAN_PURPOSE = 13


def build_wgan(config: Config, environment: Environment) -> MLPActor:
    """Build a generator of the actor's size with A + 2 latents, not yet fitted."""
    space, actor = environment.action_space, config.actor
    spec = environment.observation_spec
    return MLPActor(space, spec, space.dim + 2, actor.width, actor.depth, config.seed)


def fit_wgan(generator: MLPActor, trainer: Trainer) -> None:
    """Train a generator and its adversary on the feasible actions of the trainer's memory."""
    config, environment = trainer.config, trainer.environment
    space, spec, critic = environment.action_space, environment.observation_spec, config.critic
    adversary = MLPCritic(space, spec, critic.width, critic.depth, config.seed + 1)
    count = config.objective.num_supports

    def batch(step: int, turn: int) -> tuple[Any, ...]:
        rng = stream(config.seed, _WGAN_PURPOSE, step * (_ADVERSARY_STEPS + 1) + turn)
        drawn = trainer.memory.draw(rng, config.trainer.batch, count, 1.0)
        return (
            as_tensors(drawn.observation),
            tf.constant(drawn.actions, tf.float32),
            tf.constant(drawn.feasibility, tf.float32),
            tf.constant(rng.integers(2**31, size=2), tf.int32),
        )

    def made_of(observation: Any, seed: tf.Tensor) -> tf.Tensor:
        shape = [config.trainer.batch, count, generator.latent_dim]
        return generator(observation, tf.random.stateless_uniform(shape, seed, -1.0, 1.0))

    first = batch(0, 0)
    adversary(first[0], made_of(first[0], first[3]))
    optimizers = []
    for network in (generator, adversary):
        optimizers.append(keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.9))
        optimizers[-1].build(network.trainable_variables)

    def move(optimizer: Any, tape: Any, loss: tf.Tensor, network: Any, rate: tf.Tensor) -> None:
        variables = network.trainable_variables
        optimizer.learning_rate.assign(rate)
        optimizer.apply(tape.gradient(loss, variables), variables)

    @tf.function(autograph=False)
    def learn_adversary(rate: Any, observation: Any, real: Any, weight: Any, seed: Any) -> None:
        made = made_of(observation, seed)
        mix = tf.random.stateless_uniform([tf.shape(real)[0], count, 1], seed + 1)
        # On a periodic axis, interpolate along the shorter arc between the two actions.
        apart = real - made
        half = tf.constant(space.half_range, tf.float32)
        short = tf.math.floormod(apart + half, 2.0 * half) - half
        between = made + mix * tf.where(space.periodic, short, apart)
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(between)
                value = adversary(observation, between)
            slope = inner.gradient(value, between) * half
            length = tf.sqrt(tf.reduce_sum(slope**2, axis=-1) + 1e-12)
            penalty = tf.reduce_mean((length - 1.0) ** 2)
            difference = adversary(observation, made) - adversary(observation, real)
            loss = tf.reduce_mean(weight * difference) + _PENALTY * penalty
        move(optimizers[1], tape, loss, adversary, rate)

    @tf.function(autograph=False)
    def learn_generator(rate: Any, observation: Any, real: Any, weight: Any, seed: Any) -> None:
        with tf.GradientTape() as tape:
            made = made_of(observation, seed)
            loss = -tf.reduce_mean(weight * adversary(observation, made))
        move(optimizers[0], tape, loss, generator, rate)

    for step in range(config.trainer.steps):
        rate = tf.constant(_LEARNING_RATE(step / config.trainer.steps), tf.float32)
        for turn in range(_ADVERSARY_STEPS):
            learn_adversary(rate, *batch(step, turn))
        learn_generator(rate, *batch(step, _ADVERSARY_STEPS))
