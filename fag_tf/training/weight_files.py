"""The weights of one network in a file of arrays, which is read without unpickling anything."""

from pathlib import Path

import numpy as np

from fag_tf._utils.files import write_atomically
from fag_tf.errors import InputError
from fag_tf.networks.base import Actor, weights_of

__all__ = ["load_weights", "save_weights"]


def save_weights(network: Actor, path: Path) -> None:
    """Write the weights of a network, in their order.

    Raises:
        InputError: the file cannot be written.
    """
    with write_atomically(path) as partial:
        np.savez(partial, *(variable.numpy() for variable in weights_of(network)))


def load_weights(network: Actor, path: Path) -> None:
    """Give a network the weights that `save_weights` wrote of one of the same shapes.

    Raises:
        InputError: the file is missing, damaged or of another network.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            weights = [arrays[name] for name in arrays.files]
        for variable, value in zip(weights_of(network), weights, strict=True):
            variable.assign(value)
    except Exception as error:  # what NumPy raises on damaged files has no common base
        raise InputError(
            f"{path} is damaged or of another configuration; remove it and go on with the run "
            f"(--resume) to fit it anew"
        ) from error
