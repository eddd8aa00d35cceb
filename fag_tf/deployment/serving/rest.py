"""The REST side: kserve's endpoints of the protocol, some of them replaced."""

import logging
from importlib import metadata
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from kserve import InferRequest, InferResponse
from kserve.errors import ModelNotFound, ModelNotReady, ServerNotReady
from kserve.protocol.rest.server import metrics_handler
from kserve.protocol.rest.v2_datamodels import ModelMetadataResponse, ModelReadyResponse
from kserve.protocol.rest.v2_endpoints import register_v2_endpoints
from orjson import JSONDecodeError, dumps, loads
from starlette.exceptions import HTTPException

from fag_tf.deployment.serving.model import Exchange, OverdueError
from fag_tf.deployment.serving.openapi import (
    DOCUMENT_PATH,
    INDEX_BODY,
    INFER_BODY,
    errors,
    without_doubles,
)
from fag_tf.deployment.serving.queries import Limits
from fag_tf.deployment.serving.repository import REFUSAL, Registry
from fag_tf.deployment.serving.request_limits import Guard
from fag_tf.deployment.serving.rest_bodies import decode_body, json_size
from fag_tf.deployment.serving.tokens import Token
from fag_tf.errors import InputError

__all__ = ["build_application"]

LOGGER = logging.getLogger(__name__)
HEADER_LENGTH = "Inference-Header-Content-Length"

_STATUS: dict[type[Exception], int] = {
    InputError: 400,
    RequestValidationError: 400,
    ModelNotFound: 404,
    ModelNotReady: 503,
    ServerNotReady: 503,
    OverdueError: 503,
}


def build_application(registry: Registry, limits: Limits, token: Token | None) -> Guard:
    """Build the ASGI application of a server.

    Args:
        registry: models of the server.
        limits: limits of one request.
        token: token that clients must send, or None.
    """
    app = FastAPI(
        title="fag-tf",
        version=metadata.version("fag-tf"),
        docs_url=None,
        redoc_url=None,
        openapi_url=DOCUMENT_PATH,
        responses=errors(),
    )
    app.include_router(_routes(registry))  # before kserve's: the first match answers
    own = app.openapi()["paths"]
    app.openapi_schema = None  # what was made of them is not the whole
    register_v2_endpoints(app, registry, None)
    app.openapi = lambda: without_doubles(FastAPI.openapi(app), own)  # type: ignore[method-assign]
    app.add_api_route(
        "/metrics", metrics_handler, methods=["GET"], response_class=PlainTextResponse
    )
    for kind in (*_STATUS, HTTPException):
        app.add_exception_handler(kind, _tell)
    app.add_exception_handler(Exception, _fail)
    return Guard(app, registry, limits, token)


def _routes(registry: Registry) -> APIRouter:
    routes = APIRouter(prefix="/v2")

    async def infer(request: Request, name: str, version: str | None = None) -> Response:
        model = registry.find_ready(name, version)
        body = await request.body()
        size = json_size(body, request.headers.get(HEADER_LENGTH))

        def read(body: bytes, size: int) -> InferRequest:
            return decode_body(body, str(size), name)

        response, _ = await model(Exchange(body, size, read, _encode))
        return response  # type: ignore[return-value]

    async def described(name: str, version: str | None = None) -> ModelMetadataResponse:
        registry.find(name, version)
        return ModelMetadataResponse.model_validate(await registry.model_metadata(name))

    async def ready(name: str, version: str | None = None) -> ModelReadyResponse:
        registry.find_ready(name, version)
        return ModelReadyResponse(name=name, ready=True)

    async def configuration(name: str, version: str | None = None) -> Response:
        return JSONResponse(registry.configuration(name, version))

    async def statistics(name: str, version: str | None = None) -> Response:
        return JSONResponse(registry.statistics(name, version))

    async def all_statistics() -> Response:
        return JSONResponse(registry.statistics())

    async def index(request: Request) -> Response:
        return JSONResponse(registry.index(_only_ready(await request.body())))

    async def refuse(name: str) -> Response:
        return JSONResponse({"error": REFUSAL}, 403)

    # With the types of the annotations FastAPI would pass the JSON through pydantic.
    plain: dict[str, Any] = {"response_model": None, "methods": ["POST"]}
    asked: dict[str, Any] = {"openapi_extra": INFER_BODY, "responses": errors(400, 404)}
    routes.add_api_route("/models/{name}/infer", infer, **plain, **asked)
    routes.add_api_route("/models/{name}/versions/{version}/infer", infer, **plain, **asked)
    routes.add_api_route("/models/stats", all_statistics)
    for model in ("/models/{name}", "/models/{name}/versions/{version}"):
        routes.add_api_route(model, described, responses=errors(404))
        routes.add_api_route(f"{model}/ready", ready, responses=errors(404))
        routes.add_api_route(f"{model}/config", configuration, responses=errors(404))
        routes.add_api_route(f"{model}/stats", statistics, responses=errors(404))
    told = errors(400)
    routes.add_api_route(
        "/repository/index", index, **plain, openapi_extra=INDEX_BODY, responses=told
    )
    for change in ("load", "unload"):
        routes.add_api_route(
            f"/repository/models/{{name}}/{change}", refuse, **plain, responses=errors(403)
        )
    return routes


def _only_ready(body: bytes) -> bool:
    """Whether a request for the index asks for ready models alone; it may have no body."""
    try:
        content = loads(body) if body.strip() else {}
    except JSONDecodeError as error:
        raise InputError(f"the request is not whole JSON: {error}") from error
    ready = content.get("ready", False) if isinstance(content, dict) else None
    if not isinstance(ready, bool):
        raise InputError('the request is {"ready": true}, {"ready": false} or empty')
    return ready


def _encode(response: InferResponse) -> Response:
    content, json_length = response.to_rest()
    if json_length is None:
        return Response(dumps(content), media_type="application/json")
    return Response(
        content,
        media_type="application/octet-stream",
        headers={HEADER_LENGTH: str(json_length)},
    )


async def _tell(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)
    status = next(code for kind, code in _STATUS.items() if isinstance(error, kind))
    headers = {"Retry-After": "1"} if status == 503 else None
    return JSONResponse({"error": " ".join(str(error).split())}, status, headers)


async def _fail(request: Request, error: Exception) -> Response:
    LOGGER.error("%s failed", request.url.path, exc_info=error)
    return JSONResponse({"error": "the server failed; its log says how"}, 500)
