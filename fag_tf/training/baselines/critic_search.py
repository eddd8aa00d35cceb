"""Methods that train only a critic and search for each action: cross-entropy method, filtering."""

from typing import Any

import tensorflow as tf

from fag_tf.config.schema import Config
from fag_tf.networks.base import Critic
from fag_tf.spaces import ActionSpace
from fag_tf.training.baselines.experience import gather_experience
from fag_tf.training.baselines.fitted import Fitted
from fag_tf.training.baselines.generators import GeneratorSampler

__all__ = ["CrossEntropySearch", "FilteredUniform", "fit_cross_entropy", "fit_filtered_uniform"]

# As in QT-Opt (Kalashnikov et al. 2018): two rounds of 64 candidates, refitted to the best 6.
_CANDIDATES = 64
_ELITES = 6
_ROUNDS = 2
_LEAST_SCALE = 0.01
_AT_ONCE = 128


def _uniform(space: ActionSpace, shape: Any, seed: tf.Tensor) -> tf.Tensor:
    return space.denormalise(tf.random.stateless_uniform(shape, seed, -1.0, 1.0))


def _batch(observation: Any) -> tf.Tensor:
    return tf.shape(next(iter(observation.values())))[0]


class CrossEntropySearch:
    """The cross-entropy method: a separate search for each action maximises the critic.

    A periodic axis is treated as a bounded axis.

    Args:
        space: the action space.
        critic: gives the logits that are maximised.
    """

    def __init__(self, space: ActionSpace, critic: Critic) -> None:
        self.space = space
        self.critic = critic

    def generate(self, observation: Any, num_samples: int, seed: tf.Tensor) -> tf.Tensor:
        """Generate actions `[B, N, A]`, the best candidate of each search, for a seed `[2]`."""
        parts = [
            self._search(
                observation,
                min(_AT_ONCE, num_samples - begin),
                seed + tf.constant([0, 7919 * (begin + 1)]),
            )
            for begin in range(0, num_samples, _AT_ONCE)
        ]
        return tf.concat(parts, axis=1)

    def _search(self, observation: Any, count: int, seed: tf.Tensor) -> tf.Tensor:
        batch, dim = _batch(observation), self.space.dim
        shape = tf.stack([batch, count, _CANDIDATES, dim])
        candidates = _uniform(self.space, shape, seed)
        for turn in range(_ROUNDS):
            value = self._value(observation, candidates, count)
            best = tf.math.top_k(value, _ELITES).indices
            elites = tf.gather(candidates, best, batch_dims=2)
            if turn == _ROUNDS - 1:
                break
            place = tf.reduce_mean(elites, axis=2, keepdims=True)
            scale = tf.math.reduce_std(elites, axis=2, keepdims=True)
            scale = tf.maximum(scale, _LEAST_SCALE * tf.constant(self.space.half_range, tf.float32))
            noise = tf.random.stateless_normal(shape, seed + turn + 1)
            low, high = (tf.constant(end, tf.float32) for end in (self.space.low, self.space.high))
            candidates = tf.clip_by_value(place + scale * noise, low, high)
        return elites[:, :, 0]

    def _value(self, observation: Any, candidates: tf.Tensor, count: int) -> tf.Tensor:
        flat = tf.reshape(candidates, [-1, count * _CANDIDATES, self.space.dim])
        logits = self.critic(observation, flat)
        return tf.reshape(logits, [-1, count, _CANDIDATES])


class FilteredUniform:
    """Uniform actions, filtered by the critic.

    For each action 64 uniform candidates are drawn. The first candidate with a critic's probability
    of at least 0.5 is taken. If there is no such candidate, the most probable candidate is taken.

    Args:
        space: the action space.
        critic: gives the probability that an action is feasible.
    """

    def __init__(self, space: ActionSpace, critic: Critic) -> None:
        self.space = space
        self.critic = critic

    def generate(self, observation: Any, num_samples: int, seed: tf.Tensor) -> tf.Tensor:
        """Generate actions `[B, N, A]` for a seed int32 `[2]`."""
        count = num_samples * _CANDIDATES
        shape = tf.stack([_batch(observation), count, self.space.dim])
        actions = _uniform(self.space, shape, seed)
        logits = tf.reshape(
            self.critic(observation, actions), tf.stack([shape[0], num_samples, _CANDIDATES])
        )
        earliness = tf.range(_CANDIDATES, 0, -1, dtype=tf.float32)
        score = tf.where(logits >= 0.0, 1.0 + earliness, tf.sigmoid(logits))
        actions = tf.reshape(
            actions, tf.stack([shape[0], num_samples, _CANDIDATES, self.space.dim])
        )
        return tf.gather(actions, tf.argmax(score, axis=-1), batch_dims=2)


def fit_cross_entropy(config: Config) -> Fitted:
    """Train the critic of `gather_experience` and search it with the cross-entropy method."""
    return _with_search(config, CrossEntropySearch)


def fit_filtered_uniform(config: Config) -> Fitted:
    """Train the critic of `gather_experience` and filter uniform actions with it."""
    return _with_search(config, FilteredUniform)


def _with_search(config: Config, search: Any) -> Fitted:
    trainer = gather_experience(config)
    critic = trainer.learner.averaged_critic
    generator = search(trainer.environment.action_space, critic)
    return Fitted(GeneratorSampler(generator, critic), trainer.interactions, critic)
