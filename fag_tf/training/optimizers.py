"""The optimiser of actor and critic."""

import keras

__all__ = ["muon"]


def muon(clip_norm: float, weight_decay: float = 0.0) -> keras.optimizers.Optimizer:
    """Muon for the matrices of hidden layers, Adam for biases and output layers.

    Both are scaled so that a typical weight changes by the learning rate in one step.

    Args:
        clip_norm: greatest global norm of a gradient.
        weight_decay: decay rate of the weights that Muon trains.
    """
    return keras.optimizers.Muon(
        weight_decay=weight_decay or None,
        adam_weight_decay=None,
        rms_rate=1.0,
        exclude_layers=["output"],
        global_clipnorm=clip_norm,
    )
