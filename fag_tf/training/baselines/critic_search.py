"""Methods that learn a critic alone and search for each action: cross-entropy method, filtering."""

from typing import Any

import tensorflow as tf

from fag_tf.config.schema import Config
from fag_tf.networks.base import Critic
from fag_tf.spaces import ActionSpace
from fag_tf.training.baselines.experience import gather_experience
from fag_tf.training.baselines.fitted import Fitted
from fag_tf.training.baselines.generators import GeneratorSampler

__all__ = ["CrossEntropySearch", "FilteredUniform", "fit_cross_entropy", "fit_filtered_uniform"]

# As in QT-Opt (Kalashnikov et al. 2018): two rounds of 64 candidates, the best 6 refitted.
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
    """A search of its own on the critic for every action; a periodic axis counts as bounded.

    Args:
        space: of the actions.
        critic: what is maximised.
    """

    def __init__(self, space: ActionSpace, critic: Critic) -> None:
        self.space = space
        self.critic = critic

    def generate(self, observation: Any, num_samples: int, seed: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`: the best candidate of each search."""
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
    """Of some uniform actions the first that the critic believes in, or else the likeliest.

    Args:
        space: of the actions.
        critic: what believes.
    """

    def __init__(self, space: ActionSpace, critic: Critic) -> None:
        self.space = space
        self.critic = critic

    def generate(self, observation: Any, num_samples: int, seed: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`."""
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
    """The critic of `gather_experience`, searched by the cross-entropy method."""
    return _with_search(config, CrossEntropySearch)


def fit_filtered_uniform(config: Config) -> Fitted:
    """The critic of `gather_experience` as a filter of uniform actions."""
    return _with_search(config, FilteredUniform)


def _with_search(config: Config, search: Any) -> Fitted:
    trainer = gather_experience(config)
    critic = trainer.learner.averaged_critic
    generator = search(trainer.environment.action_space, critic)
    return Fitted(GeneratorSampler(generator, critic), trainer.interactions, critic)
