"""The JSON part of a request: parsed within bounds, and its lists of numbers made to arrays.

This module is also what a process of `json_process` runs, so it needs nothing of kserve.
"""

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from fag_tf.errors import InputError

__all__ = ["DTYPES", "json_array", "parse_head", "to_binary"]

MOST_TOKENS = {
    b"{": ("objects", 1 << 10),
    b'"': ("quotes", 1 << 14),
    b"[": ("lists", 1 << 21),
    b",": ("commas", 1 << 22),
}
"""Greatest numbers of characters in the JSON part, with the names of what they begin or divide.

As Python's objects, an empty object takes 20 times its bytes of JSON, a number 8 to 12 times. Only
numbers and the lists around them come in bulk: 32 states of 256 x 256 pixels are 2 million.
"""

MOST_REST = 1 << 18
"""Greatest size of a large request's JSON without the data of its inputs, bytes."""

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("bool"),
    **{
        f"{kind}{bits}": np.dtype(f"{kind.lower()}{bits}")
        for kind in ("INT", "UINT")
        for bits in (8, 16, 32, 64)
    },
    **{f"FP{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)},
}
"""The protocol's names of the types of numbers."""


def parse_head(head: bytes) -> dict[str, Any]:
    """Parse the JSON part of a body.

    Raises:
        InputError: it is no object in JSON, or holds too many values.
    """
    if head[:64].lstrip()[:1] in (b"[", b'"'):  # not worth a second of parsing
        raise InputError("the request must be an object in JSON")
    for token, (named, most) in MOST_TOKENS.items():
        count = head.count(token)
        if count > most:
            raise InputError(
                f"the JSON has {count:,} {named}; a request may have {most:,}. Send arrays as "
                "binary tensors, or as flat lists"
            )
    try:
        content = orjson.loads(head)
    except orjson.JSONDecodeError as error:
        raise InputError(f"the request is not whole JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError("the request must be an object")
    return content


def json_array(name: str, data: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Convert flat or nested JSON numbers to an array without changing their kind.

    Raises:
        InputError: the numbers are ragged, not numbers, or beyond the range of the type.
    """
    try:
        array = np.array(data)
    except (OverflowError, ValueError) as error:
        raise InputError(f"{name} has data of uneven rows; rows must be equally long") from error
    kinds = {"f": "fiu", "i": "iu", "u": "iu", "b": "b"}[dtype.kind]
    if array.size and array.dtype.kind not in kinds:
        raise InputError(f"{name} has data that are not all numbers of type {dtype}")
    with np.errstate(over="ignore"):  # values beyond float32 become infinite and are refused
        cast = array.astype(dtype)
    if dtype.kind in "iu" and not np.array_equal(cast, array):
        raise InputError(f"{name} has numbers beyond {dtype}")
    return cast


def to_binary(body: bytes, size: int) -> tuple[bytes, int]:
    """The same request with binary tensors in place of lists of numbers.

    What is wrong with an input besides its numbers is left to the reader of what comes out.

    Args:
        body: the whole body.
        size: size of its JSON part, bytes.

    Returns:
        The other body, and the size of its JSON part.

    Raises:
        InputError: as `parse_head` and `json_array`; or there is much JSON besides the numbers.
    """
    content = parse_head(body[:size])
    rest = memoryview(body)[size:]
    parts: list[bytes | memoryview] = []
    inputs = content.get("inputs")
    for each in inputs if isinstance(inputs, list) else []:
        if not isinstance(each, dict):
            continue
        parameters = each.get("parameters")
        given = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
        if type(given) is int and 0 <= given <= len(rest):
            parts.append(rest[:given])
            rest = rest[given:]
        elif given is None and isinstance(each.get("data"), list):
            parts.append(_taken(each))
    head = orjson.dumps(content)
    if len(head) > MOST_REST:
        raise InputError(
            f"the JSON has {len(head):,} bytes besides the data of its inputs; a large request "
            f"may have {MOST_REST:,}"
        )
    return b"".join([head, *parts, rest]), len(head)


def _taken(tensor: dict[str, Any]) -> bytes:
    """Take an input's list of numbers out of it; the bytes that stand for them."""
    name, kind, parameters = (tensor.get(key) for key in ("name", "datatype", "parameters"))
    data = tensor["data"]
    tensor["data"] = []
    named = isinstance(name, str) and isinstance(kind, str) and kind in DTYPES
    if not (named and isinstance(parameters, dict | None)):
        return b""  # the reader refuses it, whatever its data
    raw = json_array(str(name)[:40], data, DTYPES[str(kind)]).tobytes()
    del tensor["data"]
    tensor["parameters"] = {**(parameters or {}), "binary_data_size": len(raw)}
    return raw
