"""Conversion between the card's tensors and the tensors of the protocol."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from kserve import InferInput, InferRequest
from kserve.utils.numpy_codec import from_np_dtype
from numpy.typing import NDArray

from fag_tf.deployment.tensor_entries import TensorEntry
from fag_tf.errors import InputError

__all__ = ["arrays_of", "datatype_of", "tensor_metadata"]


def datatype_of(entry: TensorEntry) -> str:
    """The protocol's name of a tensor's type, such as `FP32`."""
    return str(from_np_dtype(np.dtype(entry.dtype)))


def tensor_metadata(entries: Mapping[str, TensorEntry]) -> list[dict[str, Any]]:
    """The card's tensors as metadata of the protocol; -1 stands for a free size."""
    return [
        {
            "name": name,
            "datatype": datatype_of(entry),
            "shape": [-1 if isinstance(size, str) else size for size in entry.shape],
        }
        for name, entry in entries.items()
    ]


def arrays_of(request: InferRequest, entries: Mapping[str, TensorEntry]) -> dict[str, NDArray[Any]]:
    """Return every input of a request as an array.

    Raises:
        InputError: an input is unknown, given twice or of another type, or its data do not fill its
            shape.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for tensor in request.inputs:
        name = tensor.name
        if name not in entries:
            raise InputError(f"input {str(name)[:40]!r} is unknown; known are {', '.join(entries)}")
        if name in arrays:
            raise InputError(f"input {name!r} comes twice")
        wanted = datatype_of(entries[name])
        if tensor.datatype != wanted:
            raise InputError(f"{name} is of type {tensor.datatype[:40]}; the model takes {wanted}")
        arrays[name] = _array(tensor, np.dtype(entries[name].dtype))
    return arrays


def _array(tensor: InferInput, dtype: np.dtype[Any]) -> NDArray[Any]:
    # kserve has no public attribute for tensors that came as bytes.
    raw: bytes | None = tensor._raw_data
    needed = math.prod(tensor.shape)
    if min(tensor.shape, default=0) < 0:
        raise InputError(f"{tensor.name} has shape {tensor.shape}; sizes must be 0 or more")
    given = len(raw) if raw is not None else np.size(tensor.data)
    if raw is not None:
        needed *= dtype.itemsize
    if given != needed:
        unit = "numbers" if raw is None else "bytes"
        raise InputError(
            f"{tensor.name} of shape {tensor.shape} needs {needed} {unit}; {given} came"
        )
    try:
        array: NDArray[Any] = tensor.as_numpy()
    except (OverflowError, TypeError, ValueError) as error:
        raise InputError(f"{tensor.name} does not fit {tensor.datatype}: {error}") from error
    return array
