"""The gRPC side: kserve's servicer with the protocol's errors and the token check."""

import asyncio
import functools
import logging
import struct
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from kserve import InferRequest, InferResponse
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import (
    add_GRPCInferenceServiceServicer_to_server,
)
from kserve.protocol.grpc.servicer import InferenceServicer

from fag_tf.deployment.http.connections import most_connections
from fag_tf.deployment.serving.extension_messages import MESSAGES, message_of
from fag_tf.deployment.serving.model import Exchange, OverdueError
from fag_tf.deployment.serving.monitoring import Outcome, track
from fag_tf.deployment.serving.queries import Limits
from fag_tf.deployment.serving.repository import REFUSAL, Registry
from fag_tf.deployment.serving.request_limits import MOST_WAITING
from fag_tf.deployment.serving.tokens import Token
from fag_tf.deployment.serving.wire_fields import check_fields
from fag_tf.errors import InputError

__all__ = ["Servicer", "build_rpc_server"]

LOGGER = logging.getLogger(__name__)

MESSAGE_SECONDS = 30.0
"""Time within which the message of a call must arrive, s."""

HANDSHAKE_SECONDS = 10.0
"""Time within which a new connection must have begun to speak HTTP/2, s."""

IDLE_SECONDS = 120.0
"""Time after which a connection without calls is closed, s; clients open another by themselves."""

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
    OverdueError: grpc.StatusCode.DEADLINE_EXCEEDED,
    PermissionError: grpc.StatusCode.PERMISSION_DENIED,
}

Method = Callable[..., Awaitable[Any]]
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
        answer, _ = await model(Exchange(request, 0, _decoded, InferResponse.to_grpc))
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
    async def ModelConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return the configuration of a model."""
        content = self._registry.configuration(request.name, request.version)
        return message_of("ModelConfigResponse", {"config": content})

    @_telling
    async def ModelStatistics(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return the statistics of a model, or of all."""
        content = self._registry.statistics(request.name, request.version)
        return message_of("ModelStatisticsResponse", content)

    @_telling
    async def RepositoryIndex(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return the models."""
        content = self._registry.index(request.ready)
        return message_of("RepositoryIndexResponse", {"models": content})

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


def _decoded(request: Any, size: int) -> InferRequest:
    decoded = InferRequest.from_grpc(request)
    decoded.id = request.id or str(uuid.uuid4())
    decoded.parameters = {key: _plain(value) for key, value in request.parameters.items()}
    return decoded


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


class _Gatekeeper(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Refuses calls without the token before it reads their messages, and bounds the reading.

    gRPC reads the message of a unary call before it calls the handler, for as long as that takes.
    The handlers are therefore registered as those of a stream, whose one message they read
    themselves; on the wire the two are the same.
    """

    def __init__(self, token: Token | None) -> None:
        self._token = token

    async def intercept_service(self, continuation: Any, call: Any) -> Any:
        shown = dict(call.invocation_metadata or ()).get("authorization")
        is_open = call.method.removeprefix(_SERVICE) in OPEN_METHODS
        if not (self._token is None or is_open or self._token.admits(shown)):
            return grpc.stream_unary_rpc_method_handler(_deny)
        handler = await continuation(call)
        if handler is None or handler.unary_unary is None:
            return handler
        read = _reading(handler.unary_unary, handler.request_deserializer)
        # Without a deserializer the messages are bytes.
        return grpc.stream_unary_rpc_method_handler(read, None, handler.response_serializer)


def _reading(method: Method, parse: Callable[[bytes], Any]) -> Method:
    """A method of a stream that gives a unary method its one message."""

    async def read(parts: Any, context: Any) -> Any:
        code = grpc.StatusCode.INVALID_ARGUMENT
        try:
            async with asyncio.timeout(MESSAGE_SECONDS):
                message = await anext(aiter(parts))
            check_fields(message)
            request = parse(message)
        except TimeoutError:
            code = grpc.StatusCode.DEADLINE_EXCEEDED
            wrong = f"the message did not come within {MESSAGE_SECONDS:g} seconds"
        except StopAsyncIteration:
            wrong = "the call has no message"
        except (DecodeError, InputError) as error:
            wrong = str(error)
        else:
            return await method(request, context)
        return await context.abort(code, wrong)

    return read


async def _deny(parts: Any, context: Any) -> None:
    await context.abort(
        grpc.StatusCode.UNAUTHENTICATED, "send the metadata authorization: Bearer TOKEN"
    )


def _extension_handlers(servicer: Servicer) -> Any:
    """Handlers of the calls that kserve's service does not know."""
    methods = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, name),
            MESSAGES[f"{name}Request"].FromString,
            MESSAGES[f"{name}Response"].SerializeToString,
        )
        for name in ("ModelConfig", "ModelStatistics", "RepositoryIndex")
    }
    return grpc.method_handlers_generic_handler(_SERVICE.strip("/"), methods)


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
        interceptors=[_Gatekeeper(token)],
        options=[
            ("grpc.max_allowed_incoming_connections", most_connections()),
            ("grpc.server_handshake_timeout_ms", round(1e3 * HANDSHAKE_SECONDS)),
            ("grpc.max_connection_idle_ms", round(1e3 * IDLE_SECONDS)),
            ("grpc.max_receive_message_length", limits.body),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),  # else two servers could share a port
        ],
        maximum_concurrent_rpcs=MOST_WAITING,
    )
    servicer = Servicer(registry)
    add_GRPCInferenceServiceServicer_to_server(servicer, server)
    server.add_generic_rpc_handlers((_extension_handlers(servicer),))
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        bound = server.add_insecure_port(address)
    except RuntimeError as error:
        raise InputError(
            f"cannot listen on {address} for gRPC: it is taken or not an address of this machine"
        ) from error
    return server, bound
