"""The log of a sum of squared exponentials over many centres, without a matrix of all pairs.

The centres are processed in blocks. The forward pass keeps a running maximum and a running sum.
The backward pass computes each block again. Memory grows with points plus centres, not with their
product.
"""

from typing import Any

import tensorflow as tf
from check_shapes import check_shapes

__all__ = ["log_sum_of_kernels"]

_BLOCK = 1024
"""Centres in one block. A single block is computed without a loop."""


@check_shapes("points: [batch..., M, D]", "centres: [batch..., N, D]", "return: [batch..., M]")
def log_sum_of_kernels(points: tf.Tensor, centres: tf.Tensor) -> tf.Tensor:
    """Log of the sum over n of exp(-|x_m - y_n|^2 / 2), differentiable once in both arguments.

    Args:
        points: x, `[batch..., M, D]`.
        centres: y, `[batch..., N, D]`. If N is unknown when a graph is traced, all centres are
            one block.

    Returns:
        The log of the sum for each point, `[batch..., M]`.
    """
    return _log_sum(points, centres)


@tf.custom_gradient
def _log_sum(x: tf.Tensor, y: tf.Tensor) -> Any:
    blocks = _Blocks(y)

    def widen(index: Any, greatest: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        exponent = _exponent(x, *blocks.at(index))
        now = tf.maximum(greatest, tf.reduce_max(exponent, axis=-1))
        added = tf.reduce_sum(tf.exp(exponent - now[..., None]), axis=-1)
        return now, total * tf.exp(greatest - now) + added

    nothing = tf.zeros_like(x[..., 0])
    # Far below any exponent but finite, because the difference of two infinities is NaN.
    greatest, total = blocks.fold(widen, (nothing + x.dtype.min, nothing))
    # The term -|x|^2 / 2 is equal for all centres, so it is added after the sum.
    value = greatest + tf.math.log(total) - 0.5 * tf.reduce_sum(tf.square(x), axis=-1)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        share = upstream / total

        def pull(index: Any, to_x: tf.Tensor, to_y: Any) -> tuple[tf.Tensor, Any]:
            centres, offset = blocks.at(index)
            weight = tf.exp(_exponent(x, centres, offset) - greatest[..., None])
            weight *= share[..., None]
            pulled = tf.matmul(weight, x, transpose_a=True)
            pulled -= tf.reduce_sum(weight, axis=-2)[..., None] * centres
            return to_x + tf.matmul(weight, centres), blocks.put(to_y, index, pulled)

        to_x, to_y = blocks.fold(pull, (-upstream[..., None] * x, blocks.empty()))
        return to_x, blocks.joined(to_y)

    return value, gradient


def _exponent(x: tf.Tensor, y: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """-|x - y|^2 / 2 without its term -|x|^2 / 2, `[..., M, N]`, as one matrix product."""
    return tf.matmul(x, y, transpose_b=True) + offset[..., None, :]


class _Blocks:
    """Centres `[..., N, D]` in blocks; the last block is padded with centres of weight 0."""

    def __init__(self, y: tf.Tensor) -> None:
        offset = -0.5 * tf.reduce_sum(tf.square(y), axis=-1)
        self._number, rank = y.shape[-2], y.shape.rank
        self.count = 1 if self._number is None else max(1, -(-self._number // _BLOCK))
        if self.count > 1:
            beyond = [[0, 0]] * (rank - 2) + [[0, self.count * _BLOCK - self._number]]
            y = tf.pad(y, [*beyond, [0, 0]])
            offset = tf.pad(offset, beyond, constant_values=-float("inf"))
        self._centres, self._offset = y, offset

    def at(self, index: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """The centres of a block, and the offset that each centre adds to its exponents."""
        if self.count == 1:
            return self._centres, self._offset
        parts = []
        for whole, after in ((self._centres, 1), (self._offset, 0)):
            shape = tf.shape(whole)
            axis = whole.shape.rank - 1 - after
            begin = tf.one_hot(axis, whole.shape.rank, index * _BLOCK, 0)
            size = tf.tensor_scatter_nd_update(shape, [[axis]], [_BLOCK])
            part = tf.slice(whole, begin, size)
            part.set_shape([*whole.shape[:axis], _BLOCK, *whole.shape[axis + 1 :]])
            parts.append(part)
        return parts[0], parts[1]

    def fold(self, step: Any, start: tuple[Any, Any]) -> tuple[Any, Any]:
        """Update two values block by block: `step(index, *values)` gives the next values."""
        if self.count == 1:
            result: tuple[Any, Any] = step(0, *start)
            return result
        _, first, second = tf.while_loop(
            lambda index, *_: index < self.count,
            lambda index, *values: (index + 1, *step(index, *values)),
            (0, *start),
            maximum_iterations=self.count,
        )
        return first, second

    def empty(self) -> Any:
        """An empty store for results per centre, filled block by block with `put`."""
        if self.count == 1:
            return None
        shape = [*self._centres.shape[:-2], _BLOCK, self._centres.shape[-1]]
        return tf.TensorArray(self._centres.dtype, self.count, element_shape=shape)

    def put(self, results: Any, index: Any, block: tf.Tensor) -> Any:
        """The store with the results of one more block."""
        return block if self.count == 1 else results.write(index, block)

    def joined(self, results: Any) -> tf.Tensor:
        """The results of all blocks, `[..., N, D]`."""
        if self.count == 1:
            return results
        stacked = results.stack()
        rank = stacked.shape.rank
        order = [*range(1, rank - 2), 0, rank - 2, rank - 1]
        shape = tf.shape(self._centres)
        return tf.reshape(tf.transpose(stacked, order), shape)[..., : self._number, :]
