"""Checks before the REST endpoints: the token, and complete bodies of bounded size.

kserve reads a body of any size into memory, and makes several copies. Here an endpoint is called
only after the whole body has arrived. Requests that are interrupted, too slow or too large do not
reach an endpoint. A request that is refused before its body was read counts towards no limit, so
that clients without the token take nothing from those with it.
"""

import asyncio
import re
from collections.abc import AsyncIterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fag_tf.deployment.http.bodies import (
    CutOffError,
    RefusedError,
    attended,
    body_parts,
    refuse,
    replay,
)
from fag_tf.deployment.serving.monitoring import Outcome, track
from fag_tf.deployment.serving.queries import Limits
from fag_tf.deployment.serving.repository import Registry
from fag_tf.deployment.serving.tokens import Token

__all__ = ["MOST_WAITING", "Guard"]

MOST_WAITING = 128
"""Greatest number of simultaneous inference requests of each protocol."""

BODY_SECONDS = 30.0
"""Time within which a body must arrive, s."""

DISCARD_FACTOR = 16
"""The server reads and discards a body that is too large, up to this factor times the limit.

A client whose upload is interrupted often does not see the answer that gives the reason.
"""

MOST_HELD_BODIES = 8
"""Number of bodies of the greatest size that may be in memory at the same time."""

OPEN_PATHS = ("/v2/health/live", "/v2/health/ready")
"""Paths without a token, because orchestrators send no token."""

_INFER = re.compile(r"/v2/models/([^/]+)(?:/versions/[^/]+)?/infer")


class Guard:
    """An ASGI application that checks requests before another application."""

    def __init__(
        self, app: ASGIApp, registry: Registry, limits: Limits, token: Token | None
    ) -> None:
        self._app = app
        self._registry = registry
        self._limits = limits
        self._token = token
        self._waiting = 0
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        inference = _INFER.fullmatch(scope["path"])
        if inference is None:
            await self._answer(scope, receive, send, counted=False)
            return
        with track(self._registry.label(inference[1]), "rest") as outcome:
            noting = _noting(outcome, send)
            try:
                await self._answer(scope, receive, noting, counted=True)
            except asyncio.CancelledError:
                # A stopping server cancels requests that are still open after the grace period.
                if not self._registry.draining or outcome.code != Outcome.code:
                    raise
                await refuse(noting, RefusedError(503, "the server stops; try again later"))

    async def _answer(self, scope: Scope, receive: Receive, send: Send, counted: bool) -> None:
        body = bytearray()
        parts = body_parts(receive)
        try:
            headers = dict(scope["headers"])
            try:
                self._check(scope, headers)
                if counted:
                    self._check_room()
                await self._read(parts, body)
                if counted:
                    self._check_room()  # others may have come while this body did
            except RefusedError as error:
                self._held -= len(body)
                body.clear()
                asks_first = headers.get(b"expect", b"").lower() == b"100-continue"
                rest = None if asks_first else parts
                await refuse(send, error, rest, DISCARD_FACTOR * self._limits.body)
                return
            self._waiting += counted
            try:
                answer = self._app(scope, replay(bytes(body), _nothing_more), send)
                await attended(asyncio.ensure_future(answer), receive)
            finally:
                self._waiting -= counted
        except CutOffError:
            return
        finally:
            self._held -= len(body)

    def _check(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        if (
            self._token is not None
            and scope["path"] not in OPEN_PATHS
            and not self._token.admits(headers.get(b"authorization"))
        ):
            raise RefusedError(401, "send the header Authorization: Bearer TOKEN")
        coding = headers.get(b"content-encoding", b"identity").lower()
        if coding != b"identity":
            raise RefusedError(415, "compressed bodies are not read; send it as it is")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limits.body:
            raise self._too_large()

    def _check_room(self) -> None:
        if self._waiting >= MOST_WAITING:
            raise RefusedError(503, f"{MOST_WAITING} requests wait already; try again later")

    async def _read(self, parts: AsyncIterator[bytes], body: bytearray) -> None:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for part in parts:
                    if len(body) + len(part) > self._limits.body:
                        raise self._too_large()
                    if self._held + len(part) > MOST_HELD_BODIES * self._limits.body:
                        raise RefusedError(503, "too many large requests wait; try again later")
                    body += part
                    self._held += len(part)
        except TimeoutError as error:
            raise RefusedError(
                408, f"the body did not come within {BODY_SECONDS:g} seconds", linger=0.0
            ) from error

    def _too_large(self) -> RefusedError:
        message = f"a request may have {self._limits.body} bytes"
        return RefusedError(413, message, linger=BODY_SECONDS)


async def _nothing_more() -> Message:
    """The message after a whole body, for an endpoint that asks for one: there is none."""
    await asyncio.Event().wait()
    raise AssertionError("an event that nobody sets")


def _noting(outcome: Outcome, send: Send) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            outcome.code = str(message["status"])
        await send(message)

    return noting
