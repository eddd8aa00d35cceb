"""A conditional Wasserstein GAN with gradient penalty, fitted to the replayed successes.

Gulrajani et al. 2017 (arXiv 1704.00028). Generator and adversary are networks of the sizes of actor
and critic; the generator starts as the actor does, spread over the action space.
"""

from typing import Any

import keras
import tensorflow as tf

from fag_tf.config import Config
from fag_tf.methods.experience import gather_experience
from fag_tf.methods.fitted import Fitted
from fag_tf.methods.generators import GeneratorSampler, stream, tensors
from fag_tf.networks import MLPActor, MLPCritic
from fag_tf.schedules import Schedule

__all__ = ["NetworkGenerator", "fit_wgan"]

_PENALTY = 1.0  # the original's 10 keeps an adversary of two coordinates from following an edge
_ADVERSARY_STEPS = 3
_LEARNING_RATE = Schedule(2e-3, 1e-4, "cosine", 0.3)
_WGAN_PURPOSE = 13


class NetworkGenerator:
    """An actor network as a generator.

    Args:
        network: gives actions for latents.
    """

    def __init__(self, network: MLPActor) -> None:
        self.network = network

    def generate(self, observation: Any, num_samples: int, seed: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`, for latents uniform on [-1, 1]."""
        batch = tf.shape(next(iter(observation.values())))[0]
        shape = [batch, num_samples, self.network.latent_dim]
        return self.network(observation, tf.random.stateless_uniform(shape, seed, -1.0, 1.0))


def fit_wgan(config: Config) -> Fitted:
    """Train generator and adversary on the feasible experiences of `gather_experience`."""
    trainer = gather_experience(config)
    space, spec = trainer.environment.action_space, trainer.environment.observation_spec
    actor, critic = config.actor, config.critic
    generator = NetworkGenerator(
        MLPActor(space, spec, space.dim + 2, actor.width, actor.depth, config.seed)
    )
    adversary = MLPCritic(space, spec, critic.width, critic.depth, config.seed + 1)
    count = config.objective.num_supports

    def batch(step: int, turn: int) -> tuple[Any, ...]:
        rng = stream(config.seed, _WGAN_PURPOSE, step * (_ADVERSARY_STEPS + 1) + turn)
        drawn = trainer.memory.draw(rng, config.trainer.batch, count, 1.0)
        return (
            tensors(drawn.observation),
            tf.constant(drawn.actions, tf.float32),
            tf.constant(drawn.feasibility, tf.float32),
            tf.constant(rng.integers(2**31, size=2), tf.int32),
        )

    first = batch(0, 0)
    adversary(first[0], generator.generate(first[0], count, first[3]))
    optimizers = []
    for network in (generator.network, adversary):
        optimizers.append(keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.9))
        optimizers[-1].build(network.trainable_variables)

    def move(optimizer: Any, tape: Any, loss: tf.Tensor, network: Any, rate: tf.Tensor) -> None:
        variables = network.trainable_variables
        optimizer.learning_rate.assign(rate)
        optimizer.apply(tape.gradient(loss, variables), variables)

    @tf.function(autograph=False)
    def learn_adversary(rate: Any, observation: Any, real: Any, weight: Any, seed: Any) -> None:
        made = generator.generate(observation, count, seed)
        mix = tf.random.stateless_uniform([tf.shape(real)[0], count, 1], seed + 1)
        # Between the two the short way round, on the circle of a periodic axis.
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
            made = generator.generate(observation, count, seed)
            loss = -tf.reduce_mean(weight * adversary(observation, made))
        move(optimizers[0], tape, loss, generator.network, rate)

    for step in range(config.trainer.steps):
        rate = tf.constant(_LEARNING_RATE(step / config.trainer.steps), tf.float32)
        for turn in range(_ADVERSARY_STEPS):
            learn_adversary(rate, *batch(step, turn))
        learn_generator(rate, *batch(step, _ADVERSARY_STEPS))
    judge = trainer.learner.critic
    return Fitted(GeneratorSampler(generator, judge), trainer.interactions, judge)
