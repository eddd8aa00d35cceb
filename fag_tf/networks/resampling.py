"""The choice of one action among several candidates, and of the stop on a trajectory."""

import tensorflow as tf

__all__ = ["resampled", "stopped_action", "take"]


def resampled(log_weight: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Choose one of C candidates with a probability proportional to its weight.

    The chosen candidate is the one whose interval of the cumulative weights holds `share` times
    the sum of the weights. Source: sampling importance resampling (Rubin 1987).

    Args:
        log_weight: finite log weights of the candidates, `[..., C]`.
        share: random numbers, uniform on [0, 1], `[...]`.

    Returns:
        1 for the chosen candidate and 0 for all others, `[..., C]`.
    """
    weight = tf.exp(log_weight - tf.reduce_max(log_weight, axis=-1, keepdims=True))
    ends = tf.cumsum(weight, axis=-1)
    # Just below the sum, so that a share of 1 still chooses the last candidate.
    mark = (1.0 - 1e-6) * share[..., None] * ends[..., -1:]
    before = tf.concat([tf.zeros_like(ends[..., :1]), ends[..., :-1]], axis=-1)
    return tf.cast((before <= mark) & (mark < ends), tf.float32)


def take(chosen: tf.Tensor, actions: tf.Tensor) -> tf.Tensor:
    """Select the action `[..., A]` among `[..., C, A]` where `chosen` `[..., C]` is 1."""
    return tf.reduce_sum(chosen[..., None] * actions, axis=-2)


def stopped_action(path: tf.Tensor, logits: tf.Tensor, stop_probability: float) -> tf.Tensor:
    """Select the action `[B, N, A]` at which each sample stops on its trajectory.

    A sample stops at the first action whose probability is at least `stop_probability`. If there is
    no such action, it stops at the last action.

    Args:
        path: trajectories, `[B, N, S, A]`.
        logits: log odds that an action is feasible, for all actions except the last,
            `[B, N, S - 1]`; no gradient passes through them.
        stop_probability: least probability at which a sample stops.
    """
    certain = tf.ones_like(path[:, :, -1:, 0])
    confident = tf.cast(tf.sigmoid(tf.stop_gradient(logits)) >= stop_probability, tf.float32)
    confident = tf.concat([confident, certain], axis=-1)
    earlier = tf.cumsum(confident, axis=-1, exclusive=True)
    return take(confident * tf.cast(earlier == 0.0, tf.float32), path)
