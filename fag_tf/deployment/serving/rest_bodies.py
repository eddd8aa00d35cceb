"""Parser of REST inference requests: JSON alone, or JSON followed by binary tensors.

kserve's own parser answers a truncated body or a missing key with an internal error, and turns
binary tensors into lists. This module therefore parses the body into kserve's request itself.
"""

import uuid
from typing import Any

from kserve import InferInput, InferRequest
from kserve.protocol.infer_type import RequestedOutput

from fag_tf.deployment.serving.json_heads import DTYPES, json_array, parse_head
from fag_tf.errors import InputError

__all__ = ["decode_body", "json_size"]

_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "text"}


def decode_body(body: bytes, header_length: str | None, model_name: str) -> InferRequest:
    """Parse a body.

    Args:
        body: the whole body.
        header_length: value of `Inference-Header-Content-Length`, the size of the JSON part in
            bytes; None if the body is JSON alone.
        model_name: name of the requested model.

    Returns:
        The request, with a new id if the client gave none.

    Raises:
        InputError: the body does not follow the protocol.
    """
    head = body[: json_size(body, header_length)]
    content = parse_head(head)
    parameters = _object("the request", content)
    inputs = _InputReader(memoryview(body)[len(head) :])
    tensors = [inputs.read(each) for each in _key("the request", content, "inputs", list)]
    inputs.finish()
    binary = _flag(parameters, "binary_data_output", False)
    outputs = None
    if content.get("outputs"):
        outputs = [_output(each, binary) for each in _key("the request", content, "outputs", list)]
    identity = content.get("id")
    if identity is not None:
        _typed("id", identity, str)
    return InferRequest(
        model_name,
        tensors,
        request_id=identity or str(uuid.uuid4()),
        parameters=parameters,
        request_outputs=outputs,
    )


class _InputReader:
    """Reads inputs; inputs with a binary size take the bytes after the JSON, in order."""

    def __init__(self, rest: memoryview) -> None:
        self._rest = rest
        self._taken = 0

    def read(self, content: Any) -> InferInput:
        content = _typed("an input", content, dict)
        name = _key("an input", content, "name", str)
        shape = _key(name, content, "shape", list)
        if not all(type(size) is int and 0 <= size < 2**31 for size in shape):
            raise InputError(f"{name[:40]} has shape {str(shape)[:60]}; sizes are whole numbers")
        datatype = _key(name, content, "datatype", str)
        dtype = DTYPES.get(datatype)
        if dtype is None:
            raise InputError(f"{name[:40]} is of type {datatype[:40]!r}, which no model takes")
        size = _object(name, content).get("binary_data_size")
        if (size is None) == ("data" not in content):
            raise InputError(f"{name[:40]} needs either data or a binary_data_size")
        tensor = InferInput(name, shape, datatype)
        if size is None:
            data = _key(name, content, "data", list)
            tensor.data = json_array(name[:40], data, dtype)
            return tensor
        if type(size) is not int or size < 0:
            raise InputError(f"{name[:40]} has binary_data_size {str(size)[:40]}; give its bytes")
        left = len(self._rest) - self._taken
        if size > left:
            raise InputError(f"{name[:40]} should have {size} bytes; only {left} are left of them")
        tensor._raw_data = bytes(self._rest[self._taken : self._taken + size])
        self._taken += size
        return tensor

    def finish(self) -> None:
        left = len(self._rest) - self._taken
        if left:
            raise InputError(f"{left} bytes follow that belong to no input")


def json_size(body: bytes, header_length: str | None) -> int:
    """Size of the JSON part of a body, bytes.

    Args:
        body: the whole body.
        header_length: as `decode_body` takes it.

    Raises:
        InputError: the length is not a number, or greater than the body.
    """
    whole, text = len(body), header_length
    if text is None:
        return whole
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise InputError(f"Inference-Header-Content-Length is {text[:40]!r}, not a number of bytes")
    if int(text) > whole:
        raise InputError(f"the JSON part should have {text} bytes; only {whole} came")
    return int(text)


def _output(content: Any, binary: bool) -> RequestedOutput:
    content = _typed("an output", content, dict)
    name = _key("an output", content, "name", str)
    wanted = _flag(_object(name, content), "binary_data", binary)
    return RequestedOutput(name, {"binary_data": wanted})


def _flag(parameters: dict[str, Any], name: str, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise InputError(f"{name} is {str(value)[:40]!r}; it must be true or false")
    return value


def _object(owner: str, content: dict[str, Any]) -> dict[str, Any]:
    value = content.get("parameters")
    return {} if value is None else _typed(f"parameters of {owner[:40]}", value, dict)


def _key(owner: str, content: dict[str, Any], key: str, kind: type) -> Any:
    if key not in content:
        raise InputError(f"{owner[:40]} lacks {key!r}")
    return _typed(f"{key} of {owner[:40]}", content[key], kind)


def _typed(what: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise InputError(f"{what} must be {_KINDS[kind]}")
    return value
