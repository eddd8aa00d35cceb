"""Number of fields of a protocol buffers message, counted before the message is parsed.

Parsed, an empty tensor takes 40 times its two bytes. Arrays are one field each, however long, so a
request that a model takes has few fields. Source of the encoding:
https://protobuf.dev/programming-guides/encoding
"""

from collections.abc import Mapping
from typing import Any

from fag_tf.errors import InputError

__all__ = ["check_fields"]

MOST_FIELDS = 4096

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# Numbers of the fields of a ModelInferRequest that are messages, and of theirs: parameters, inputs
# with their parameters and contents, outputs with their parameters.
_MESSAGES: Mapping[int, Any] = {4: {}, 5: {4: {}, 5: {}}, 6: {3: {}}}


def check_fields(message: bytes) -> None:
    """Check that a message has at most `MOST_FIELDS` fields.

    Args:
        message: an encoded `ModelInferRequest`, or any other message.

    Raises:
        InputError: it has more, or it is no message.
    """
    _count(message, 0, len(message), _MESSAGES, 0)


def _count(data: bytes, place: int, end: int, messages: Mapping[int, Any], seen: int) -> int:
    """Number of fields seen after the bytes from `place` to `end`."""
    while place < end:
        seen += 1
        if seen > MOST_FIELDS:
            raise InputError(
                f"the message has more than {MOST_FIELDS:,} fields; send each array as one entry "
                "of raw_input_contents"
            )
        key, place = _varint(data, place, end)
        kind = key & 7
        if kind == _VARINT:
            _, place = _varint(data, place, end)
        elif kind == _FIXED64:
            place += 8
        elif kind == _FIXED32:
            place += 4
        elif kind == _BYTES:
            size, place = _varint(data, place, end)
            within = messages.get(key >> 3)
            if within is not None and place + size <= end:
                seen = _count(data, place, place + size, within, seen)
            place += size
        else:
            raise InputError("the call holds no message of the protocol")
    if place > end:
        raise InputError("the message is cut short")
    return seen


def _varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    """A number of variable length, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= end:
            raise InputError("the message is cut short")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise InputError("the call holds no message of the protocol")
