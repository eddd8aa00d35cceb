"""The optimiser of actor and critic."""

from typing import Any

import keras

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
    """Muon that treats a weight of rank three as a stack of matrices, each by itself."""

    def _should_use_adamw(self, variable: Any) -> bool:
        if len(variable.shape) == 3:
            return any(name in variable.path for name in (*self.exclude_layers, "bias"))
        return bool(super()._should_use_adamw(variable))

    def lr_adjust(self, x: Any) -> Any:
        """Scale an update `[..., n, m]` by the root of the larger of n and m."""
        return x * max(x.shape[-2], x.shape[-1]) ** 0.5 * self.rms_rate
