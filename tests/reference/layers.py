"""Layers of networks in NumPy, as oracles."""

import numpy as np


def silu(x):
    return x / (1.0 + np.exp(-x))


def through(layers, x):
    """The outputs of dense layers with silu, one after another."""
    for layer in layers:
        x = silu(x @ layer.kernel.numpy() + layer.bias.numpy())
    return x
