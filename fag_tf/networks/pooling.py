"""Pooling over the things of a state: what does not depend on their order or their number."""

import tensorflow as tf

__all__ = ["attended", "attention", "greatest"]

_TEMPERATURE = 0.25
_ABSENT = -1e9


def attention(logits: tf.Tensor, present: tf.Tensor | None) -> tf.Tensor:
    """Shares of K things in each of H heads, `[..., B, N, H, K]`, which add to 1.

    If no thing is present, all shares are equal.

    Args:
        logits: numbers `[..., B, N, K, H]`.
        present: 1 for a thing that is there, 0 for an absent one, `[B, K]`; None if all are.
    """
    logits = tf.linalg.matrix_transpose(logits) / _TEMPERATURE
    if present is not None:
        logits += _ABSENT * (1.0 - present[:, None, None, :])
    return tf.nn.softmax(logits, axis=-1)


def attended(share: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Means of values of things with the shares of each head, side by side, `[..., N, H * D]`.

    Args:
        share: the result of `attention`, `[..., N, H, K]`.
        values: values `[..., N, K, D]`. Leading axes may have length 1.
    """
    means = tf.matmul(share, values)
    heads, size = share.shape[-2], values.shape[-1]
    return tf.reshape(means, tf.concat([tf.shape(means)[:-2], [heads * size]], axis=0))


def greatest(values: tf.Tensor, present: tf.Tensor | None) -> tf.Tensor:
    """Greatest value over the things that are present, `[..., B, N, D]`; 0 if there is none.

    Args:
        values: values above -1, `[..., B, N, K, D]`.
        present: as in `attention`.
    """
    if present is None:
        return tf.reduce_max(values, axis=-2)
    # silu is above -0.3, so an absent thing never wins over one that is there.
    there = present[:, None, :, None]
    found = tf.reduce_max(values * there - (1.0 - there), axis=-2)
    return found * tf.reduce_max(there, axis=-2)
