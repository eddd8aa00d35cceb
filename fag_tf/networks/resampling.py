"""The choice of one action among several candidates, and of the stop on a trajectory."""

import tensorflow as tf

__all__ = ["chosen_place", "resampled", "stopped_action", "take"]


def resampled(log_weight: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Choose one of C candidates with a probability proportional to its weight.

    Args:
        log_weight: finite log weights of the candidates, `[..., C]`.
        share: random numbers, uniform on [0, 1], `[...]`.

    Returns:
        1 for the chosen candidate and 0 for all others, `[..., C]`.
    """
    number = log_weight.shape[-1]
    place, _ = chosen_place(tf.reshape(log_weight, [-1, number]), tf.reshape(share, [-1]))
    return tf.reshape(tf.one_hot(place, number), tf.shape(log_weight))


def chosen_place(log_weight: tf.Tensor, share: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Choose one of C candidates with a probability proportional to its weight.

    The chosen candidate is the one whose interval of the cumulative weights holds `share` times
    the sum of the weights. Source: sampling importance resampling (Rubin 1987).

    Args:
        log_weight: finite log weights of the candidates, `[M, C]`.
        share: random numbers, uniform on [0, 1], `[M]`.

    Returns:
        Number of the chosen candidate, int32 `[M]`, and the log of its share of the weights, `[M]`.
    """
    # Candidates first: in an exported graph, long rows are faster than many short ones.
    log_weight = tf.transpose(log_weight)
    weight = tf.exp(log_weight - tf.reduce_max(log_weight, axis=0))
    ends = tf.cumsum(weight, axis=0)
    # Just below the sum, so that a share of 1 still chooses the last candidate.
    mark = (1.0 - 1e-6) * share * ends[-1]
    before = tf.cast(ends <= mark, tf.float32)
    place = tf.cast(tf.reduce_sum(before, axis=0), tf.int32)
    # Those before the choice and those up to it differ by its weight.
    up_to = tf.concat([tf.ones_like(before[:1]), before[:-1]], axis=0)
    chosen = tf.reduce_sum((up_to - before) * weight, axis=0)
    return place, tf.math.log(chosen / ends[-1])


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
