"""The gRPC side: kserve's servicer with the protocol's errors and the token check."""

import functools
import logging
import struct
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.unknown_fields import UnknownFieldSet
from kserve import InferRequest
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import (
    add_GRPCInferenceServiceServicer_to_server,
)
from kserve.protocol.grpc.servicer import InferenceServicer

from fag_tf.deployment.serving.monitoring import Outcome, track
from fag_tf.deployment.serving.queries import Limits
from fag_tf.deployment.serving.repository import REFUSAL, Registry
from fag_tf.deployment.serving.tokens import Token
from fag_tf.errors import InputError

__all__ = ["Servicer", "build_rpc_server"]

LOGGER = logging.getLogger(__name__)

MOST_WAITING = 128
"""Greatest number of simultaneous calls; gRPC answers further calls with RESOURCE_EXHAUSTED."""

OPEN_METHODS = ("ServerLive", "ServerReady")
_SERVICE = "/inference.GRPCInferenceService/"

# Field numbers of later versions of InferParameter, and wire types of protocol buffers.
_DOUBLE_FIELD, _UINT64_FIELD = 4, 5
_VARINT, _FIXED64 = 0, 1

_STATUS: dict[type[Exception], grpc.StatusCode] = {
    InputError: grpc.StatusCode.INVALID_ARGUMENT,
    InvalidInput: grpc.StatusCode.INVALID_ARGUMENT,
    ModelNotFound: grpc.StatusCode.NOT_FOUND,
    ModelNotReady: grpc.StatusCode.UNAVAILABLE,
    PermissionError: grpc.StatusCode.PERMISSION_DENIED,
}

Method = Callable[[Any, Any, Any], Awaitable[Any]]
M = TypeVar("M", bound=Method)


def _telling(method: M) -> M:
    """A method whose exceptions become the gRPC status of a client or server error."""

    @functools.wraps(method)
    async def tell(self: Any, request: Any, context: Any) -> Any:
        try:
            return await method(self, request, context)
        except tuple(_STATUS) as error:
            code = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
            message = " ".join(str(error).split())
        except (grpc.aio.AbortError, grpc.aio.BaseError):
            raise
        except Exception as error:
            LOGGER.error("%s failed", type(request).__name__, exc_info=error)
            code, message = grpc.StatusCode.INTERNAL, "the server failed; its log says how"
        return await context.abort(code, message)

    return tell  # type: ignore[return-value]


class Servicer(InferenceServicer):  # type: ignore[misc]
    """The protocol's service over a registry."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry, None)
        self._registry = registry

    async def ModelInfer(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer a request."""
        with track(self._registry.label(request.model_name), "grpc") as outcome:
            return await self._infer(request, _Noting(context, outcome))

    @_telling
    async def _infer(self, request: Any, context: "_Noting") -> Any:
        model = self._registry.find_ready(request.model_name, request.model_version)
        self.validate_grpc_request(request)
        decoded = InferRequest.from_grpc(request)
        decoded.id = request.id or str(uuid.uuid4())
        decoded.parameters = {key: _plain(value) for key, value in request.parameters.items()}
        response, _ = await model(decoded)
        answer = await model.run(response.to_grpc)
        context.succeed()
        return answer

    @_telling
    async def ModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return the tensors of a model."""
        self._registry.find(request.name, request.version)
        return messages.ModelMetadataResponse(**await self._registry.model_metadata(request.name))

    @_telling
    async def ModelReady(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return whether a model is ready."""
        model = self._registry.find(request.name, request.version)
        return messages.ModelReadyResponse(ready=model.ready)

    @_telling
    async def RepositoryModelLoad(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Refuse the request."""
        raise PermissionError(REFUSAL)

    @_telling
    async def RepositoryModelUnload(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Refuse the request."""
        raise PermissionError(REFUSAL)


class _Noting:
    """A call's context that records the final status."""

    def __init__(self, context: Any, outcome: Outcome) -> None:
        self._context = context
        self._outcome = outcome

    def succeed(self) -> None:
        self._outcome.code = grpc.StatusCode.OK.name

    async def abort(self, code: grpc.StatusCode, message: str) -> None:
        self._outcome.code = code.name
        await self._context.abort(code, message)


def _plain(parameter: Any) -> Any:
    """A parameter's value; clients send floats in a field that kserve's messages lack."""
    kind = parameter.WhichOneof("parameter_choice")
    if kind is not None:
        return getattr(parameter, kind)
    for unknown in UnknownFieldSet(parameter):
        if unknown.field_number == _DOUBLE_FIELD and unknown.wire_type == _FIXED64:
            (value,) = struct.unpack("<d", struct.pack("<Q", unknown.data))
            return value
        if unknown.field_number == _UINT64_FIELD and unknown.wire_type == _VARINT:
            return unknown.data
    return None


class _TokenInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Refuses calls without the token before it reads their messages."""

    def __init__(self, token: Token) -> None:
        self._token = token

    async def intercept_service(self, continuation: Any, call: Any) -> Any:
        shown = dict(call.invocation_metadata or ()).get("authorization")
        if call.method.removeprefix(_SERVICE) in OPEN_METHODS or self._token.admits(shown):
            return await continuation(call)
        return grpc.unary_unary_rpc_method_handler(_deny)


async def _deny(request: bytes, context: Any) -> None:
    await context.abort(
        grpc.StatusCode.UNAUTHENTICATED, "send the metadata authorization: Bearer TOKEN"
    )


def build_rpc_server(
    registry: Registry, limits: Limits, token: Token | None, host: str, port: int
) -> tuple[grpc.aio.Server, int]:
    """Build a gRPC server bound to an address, to be started in the running event loop.

    Args:
        registry: models of the server.
        limits: limits of one request.
        token: token that clients must send, or None.
        host: name or address of this machine.
        port: port number; 0 takes any free port.

    Returns:
        The server and its port.

    Raises:
        InputError: the address is not available.
    """
    server = grpc.aio.server(
        interceptors=[] if token is None else [_TokenInterceptor(token)],
        options=[
            ("grpc.max_receive_message_length", limits.body),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),  # else two servers could share a port
        ],
        maximum_concurrent_rpcs=MOST_WAITING,
    )
    add_GRPCInferenceServiceServicer_to_server(Servicer(registry), server)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        bound = server.add_insecure_port(address)
    except RuntimeError as error:
        raise InputError(
            f"cannot listen on {address} for gRPC: it is taken or not an address of this machine"
        ) from error
    return server, bound
