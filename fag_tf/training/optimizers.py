"""The optimiser of actor and critic."""

from typing import Any

import keras
import tensorflow as tf

__all__ = ["muon"]


def muon(clip_norm: float, weight_decay: float = 0.0) -> keras.optimizers.Optimizer:
    """Muon for the matrices of hidden layers, Adam for biases and output layers.

    Both are scaled so that a typical weight changes by the learning rate in one step; Adam's
    changes are a tenth of that.

    Args:
        clip_norm: greatest global norm of a gradient.
        weight_decay: decay rate of the weights that Muon trains.
    """
    return StackedMuon(
        weight_decay=weight_decay or None,
        adam_weight_decay=None,
        rms_rate=1.0,
        exclude_layers=["output"],
        global_clipnorm=clip_norm,
    )


class StackedMuon(keras.optimizers.Muon):
    """Muon that treats a weight of rank three as a stack of matrices, each by itself.

    Its iterations are a loop in the graph: written out, they took a fifth of the time that a
    learning step needs to compile.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        if len(variable.shape) == 3:
            return any(name in variable.path for name in (*self.exclude_layers, "bias"))
        return bool(super()._should_use_adamw(variable))

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Make all singular values of matrices `[..., n, m]` about 1, by `steps` iterations."""
        wide = x.shape[-2] <= x.shape[-1]
        x = x if wide else tf.linalg.matrix_transpose(x)
        x /= tf.norm(x, axis=(-2, -1), keepdims=True) + 1e-7

        def improve(x: tf.Tensor) -> tuple[tf.Tensor]:
            square = tf.matmul(x, x, transpose_b=True)
            factor = self.muon_b * square + self.muon_c * tf.matmul(square, square)
            return (self.muon_a * x + tf.matmul(factor, x),)

        (x,) = tf.while_loop(lambda _: True, improve, (x,), maximum_iterations=steps)
        return x if wide else tf.linalg.matrix_transpose(x)

    def lr_adjust(self, x: Any) -> Any:
        """Scale an update `[..., n, m]` by the root of the larger of n and m."""
        return x * max(x.shape[-2], x.shape[-1]) ** 0.5 * self.rms_rate
