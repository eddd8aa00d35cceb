"""Layouts of tensors whose last axis is long.

In an exported graph, one operation on a few long rows is several times faster than the same
operation on many short ones, above all if it repeats one of its arguments along the short axis.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

__all__ = ["columns_first", "stacked"]


def columns_first(rows: tf.Tensor) -> tf.Tensor:
    """Finite rows `[..., F]` as `[F, ...]`."""
    count, rank = rows.shape[-1], len(rows.shape)
    flat = rows if rank == 2 else tf.reshape(rows, [-1, count])
    # Runtimes move a transpose behind all that follows, so that they do it many times.
    columns = tf.matmul(np.eye(count, dtype=np.float32), flat, transpose_b=True)
    if rank == 2:
        return columns
    return tf.reshape(columns, tf.concat([[count], tf.shape(rows)[:-1]], axis=0))


def stacked(rows: Sequence[tf.Tensor]) -> tf.Tensor:
    """F rows `[E]` or `[B, N]` as `[F, E]` or `[F, B N]`, in fewer operations than a stack."""
    return tf.reshape(tf.concat(rows, axis=0), [len(rows), -1])
