"""The weights of one network in a file of arrays, which is read without unpickling anything."""

from pathlib import Path

import numpy as np

from fag_tf._utils.arrays import open_arrays
from fag_tf._utils.files import write_atomically
from fag_tf.errors import InputError
from fag_tf.networks.base import Actor, weights_of

__all__ = ["load_weights", "save_weights"]

_HEADERS = 1 << 20
"""Room for the headers of the arrays, bytes."""


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
        most = sum(2 * variable.numpy().nbytes for variable in weights_of(network))
        with open_arrays(path, most + _HEADERS) as arrays:
            weights = list(arrays.values())
        for variable, value in zip(weights_of(network), weights, strict=True):
            variable.assign(value)
    except Exception as error:  # what NumPy raises on damaged files has no common base
        raise InputError(
            f"{path} is damaged or of another configuration; remove it and go on with the run "
            f"(--resume) to fit it anew"
        ) from error
