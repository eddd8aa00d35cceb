"""Which of several candidates for an action is taken: the first that the critic is confident of.

The first, not the likeliest: so what the critic is confident of keeps the spread of the
candidates.
"""

import tensorflow as tf

__all__ = ["first_confident", "take"]


def first_confident(feasibility: tf.Tensor, confidence: float, otherwise: tf.Tensor) -> tf.Tensor:
    """1 at the candidate taken and 0 at the others, `[..., C]`; no gradient passes.

    Args:
        feasibility: the critic's probability that each is feasible, `[..., C]`.
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
