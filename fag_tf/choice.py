"""Which of several candidates for an action is taken: the first that a network is confident of.

The first, not the likeliest: so what it is confident of keeps the spread of the candidates.
"""

import tensorflow as tf

__all__ = ["end_of_path", "first_confident", "take"]


def first_confident(feasibility: tf.Tensor, confidence: float, otherwise: tf.Tensor) -> tf.Tensor:
    """1 at the candidate taken and 0 at the others, `[..., C]`; no gradient passes.

    Args:
        feasibility: the probability that each is feasible, `[..., C]`.
        confidence: the probability from which it is confident.
        otherwise: the same as what is returned, where it is confident of none.
    """
    confident = tf.cast(feasibility >= confidence, tf.float32)
    earlier = tf.cumsum(confident, axis=-1, exclusive=True)
    first = confident * tf.cast(earlier == 0.0, tf.float32)
    none = 1.0 - tf.reduce_max(confident, axis=-1, keepdims=True)
    return tf.stop_gradient(first + none * otherwise)


def take(chosen: tf.Tensor, actions: tf.Tensor) -> tf.Tensor:
    """The action `[..., A]` of candidates `[..., C, A]` at the 1 in `[..., C]`."""
    return tf.reduce_sum(chosen[..., None] * actions, axis=-2)


def end_of_path(path: tf.Tensor, logits: tf.Tensor, confidence: float) -> tf.Tensor:
    """Where each sample stops on its way, `[B, N, A]`.

    Args:
        path: the actions that it passes through, `[B, N, S, A]`.
        logits: of all but the last, that they are feasible, `[B, N, S - 1]`. What has come to its
            end is taken in any case.
        confidence: the probability from which one is stopped at.
    """
    certain = tf.ones_like(path[:, :, -1:, 0])
    feasibility = tf.concat([tf.sigmoid(logits), certain], axis=-1)
    return take(first_confident(feasibility, confidence, tf.zeros_like(feasibility)), path)
