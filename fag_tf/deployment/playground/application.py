"""The page's ASGI application: its files, what it needs to know, and answers.

It is for the user of this machine alone: a request must name this machine as its host, and what
another page makes the browser send is refused.
"""

import asyncio
import importlib.resources
import json
import logging
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.deployment.http.bodies import (
    CutOffError,
    RefusedError,
    body_parts,
    refuse,
    replay,
)
from fag_tf.deployment.playground.answers import answer_query
from fag_tf.deployment.playground.description import describe
from fag_tf.deployment.playground.queries import parse_query
from fag_tf.errors import InputError

__all__ = ["MOST_BODY", "build_page"]

LOGGER = logging.getLogger(__name__)

MOST_BODY = 48 << 20
"""Greatest size of a request, bytes: a telephone's picture, in base64."""

BODY_SECONDS = 30.0
MOST_WAITING = 8
HOSTS = ("127.0.0.1", "localhost", "[::1]")

_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",  # after an update the old page must not ask the new server
}


def build_page(grasp_model: GraspModel) -> ASGIApp:
    """The application for a model.

    Args:
        grasp_model: answers.
    """
    turn = asyncio.Semaphore(1)  # one answer takes all cores
    about = describe(grasp_model)

    def answer(body: bytes) -> dict[str, Any]:
        try:
            content = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise InputError(f"the question is not whole JSON: {error}") from error
        return answer_query(grasp_model, parse_query(content, grasp_model.image_size))

    async def grasps(request: Request) -> Response:
        body = await request.body()
        async with turn:
            if await request.is_disconnected():  # the page has a newer question
                return Response(status_code=204)
            return JSONResponse(await run_in_threadpool(answer, body))

    async def model(_: Request) -> Response:
        return JSONResponse(about)

    routes = [Route("/api/grasps", grasps, methods=["POST"]), Route("/api/model", model)]
    files = importlib.resources.files("fag_tf.deployment.playground") / "static"
    for file in files.iterdir():
        path = "/" if file.name == "index.html" else f"/{file.name}"
        kind = _TYPES[file.name.rpartition(".")[2]]
        routes.append(Route(path, _file(file.read_bytes(), kind)))
    handlers: dict[Any, Any] = {InputError: _tell, Exception: _fail}
    return _Guard(Starlette(routes=routes, exception_handlers=handlers))


def _file(content: bytes, kind: str) -> Callable[[Request], Any]:
    async def give(_: Request) -> Response:
        return Response(content, media_type=kind)

    return give


async def _tell(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": " ".join(str(error).split())}, 400)


async def _fail(request: Request, error: Exception) -> Response:
    LOGGER.error("%s failed", request.url.path, exc_info=error)
    return JSONResponse({"error": "the server failed; its terminal says how"}, 500)


class _Guard:
    """Hosts, origins, and whole bodies of bounded size only; headers that bind the page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on one request."""
        if scope["type"] != "http":
            return

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                extra = [(key.lower().encode(), text.encode()) for key, text in _HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        parts = body_parts(receive)
        counted = False
        try:
            try:
                self._check(scope)
                self._waiting += 1
                counted = True
                body = await _whole(parts)
            except RefusedError as error:
                await refuse(sending, error, parts, 4 * MOST_BODY)
                return
            await self._app(scope, replay(body, receive), sending)
        except CutOffError:
            return
        finally:
            self._waiting -= counted

    def _check(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if _name(host) not in HOSTS:
            raise RefusedError(403, "this page is for its own machine: open it as 127.0.0.1")
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1") != f"http://{host}":
            raise RefusedError(403, "another page may not ask this server")
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if scope["method"] == "POST" and kind != b"application/json":
            raise RefusedError(415, "a question is JSON; send Content-Type: application/json")
        if self._waiting >= MOST_WAITING:
            raise RefusedError(503, f"{MOST_WAITING} questions wait already; try again later")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > MOST_BODY:
            raise _too_large()


def _name(host: str) -> str:
    """A host without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


async def _whole(parts: Any) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in parts:
                if len(body) + len(part) > MOST_BODY:
                    raise _too_large()
                body += part
    except TimeoutError as error:
        raise RefusedError(408, f"the question did not come in {BODY_SECONDS:g} s") from error
    return bytes(body)


def _too_large() -> RefusedError:
    message = f"a question may have {MOST_BODY >> 20} MB; make the picture smaller"
    return RefusedError(413, message, linger=BODY_SECONDS)
