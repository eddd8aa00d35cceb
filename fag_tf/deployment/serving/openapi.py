"""What the server tells of its REST side: an OpenAPI document at `/openapi.json`.

FastAPI makes it from the routes. The bodies of inference and of the index are read by our own
parsers, of which it knows nothing; their schemas are therefore given here. Source of the protocol:
https://github.com/kserve/open-inference-protocol
"""

import re
from collections.abc import Collection, Iterable
from typing import Any

__all__ = ["DOCUMENT_PATH", "INDEX_BODY", "INFER_BODY", "errors", "without_doubles"]

DOCUMENT_PATH = "/openapi.json"

_PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "num_samples": {"type": ["integer", "string"], "minimum": 1},
        "seed": {"type": ["integer", "string"], "minimum": 0},
        "min_feasibility": {"type": ["number", "string"], "minimum": 0, "maximum": 1},
        "top_k": {"type": ["integer", "string"], "minimum": 1},
        "binary_data_output": {"type": "boolean"},
    },
}

_TENSOR: dict[str, Any] = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string"},
        "data": {"type": "array"},
        "parameters": {
            "type": "object",
            "properties": {"binary_data_size": {"type": "integer", "minimum": 0}},
        },
    },
}

_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": _PARAMETERS,
        "inputs": {"type": "array", "items": _TENSOR},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "parameters": {
                        "type": "object",
                        "properties": {"binary_data": {"type": "boolean"}},
                    },
                },
            },
        },
    },
}

_READY: dict[str, Any] = {"type": "object", "properties": {"ready": {"type": "boolean"}}}

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
}

_MEANINGS = {
    400: "the request is not valid",
    401: "the token is missing or wrong",
    403: "models are not changed through the server",
    404: "there is no such model or version",
    408: "the body did not come in time",
    413: "the body is too large",
    415: "the body is compressed",
    503: "the server is busy, stops, or had not enough time",
}


def _body(schema: dict[str, Any], required: bool) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": required, "content": content}}


INFER_BODY = _body(_REQUEST, required=True)
"""The body of an inference request; binary tensors may follow the JSON."""

INDEX_BODY = _body(_READY, required=False)
"""The body of a request for the index."""


def errors(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The answers other than success that a route may give, all of one form."""
    every: Iterable[int] = sorted({*codes, 401, 408, 413, 415, 503})
    content = {"application/json": {"schema": _ERROR}}
    return {code: {"description": _MEANINGS[code], "content": content} for code in every}


def without_doubles(document: dict[str, Any], first: Collection[str]) -> dict[str, Any]:
    """The document without the paths that others before them answer, of other parameters' names.

    Args:
        document: the whole document.
        first: paths that are asked before all others.
    """

    def plain(path: str) -> str:
        return re.sub(r"\{\w+\}", "{}", path)

    taken = {plain(path) for path in first}
    paths = {
        path: methods
        for path, methods in document["paths"].items()
        if path in first or plain(path) not in taken
    }
    return {**document, "paths": paths}
