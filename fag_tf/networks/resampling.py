"""Which of several candidates for an action is taken."""

import tensorflow as tf

__all__ = ["resampled", "stopped_action", "take"]


def resampled(log_weight: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """1 at the candidate taken and 0 at the others, `[..., C]`.

    Each is taken with a probability in proportion to its weight, the one in whose part of the
    weights' sum `share` of it lies. Source: sampling importance resampling (Rubin 1987).

    Args:
        log_weight: of the candidates, `[..., C]`, finite.
        share: uniform on [0, 1], `[...]`.
    """
    weight = tf.exp(log_weight - tf.reduce_max(log_weight, axis=-1, keepdims=True))
    ends = tf.cumsum(weight, axis=-1)
    # Just below the sum, so that a share of 1 still falls to the last candidate.
    mark = (1.0 - 1e-6) * share[..., None] * ends[..., -1:]
    before = tf.concat([tf.zeros_like(ends[..., :1]), ends[..., :-1]], axis=-1)
    return tf.cast((before <= mark) & (mark < ends), tf.float32)


def take(chosen: tf.Tensor, actions: tf.Tensor) -> tf.Tensor:
    """The action `[..., A]` of candidates `[..., C, A]` at the 1 in `[..., C]`."""
    return tf.reduce_sum(chosen[..., None] * actions, axis=-2)


def stopped_action(path: tf.Tensor, logits: tf.Tensor, confidence: float) -> tf.Tensor:
    """Where each sample stops on its way, `[B, N, A]`: at the first action that is good enough.

    Args:
        path: the actions that it passes through, `[B, N, S, A]`.
        logits: of all but the last, that they are feasible, `[B, N, S - 1]`; no gradient passes.
            What has come to its end is taken in any case.
        confidence: the probability from which one is stopped at.
    """
    certain = tf.ones_like(path[:, :, -1:, 0])
    confident = tf.cast(tf.sigmoid(tf.stop_gradient(logits)) >= confidence, tf.float32)
    confident = tf.concat([confident, certain], axis=-1)
    earlier = tf.cumsum(confident, axis=-1, exclusive=True)
    return take(confident * tf.cast(earlier == 0.0, tf.float32), path)
