"""Bodies of HTTP requests, whole and of bounded size, before an ASGI application sees them."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.types import Message, Receive, Send

__all__ = ["CutOffError", "RefusedError", "body_parts", "discard", "refuse", "replay"]


class RefusedError(Exception):
    """A request is answered without the application.

    Attributes:
        status: HTTP status of the answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class CutOffError(Exception):
    """The client broke off; nobody waits for an answer."""


async def body_parts(receive: Receive) -> AsyncIterator[bytes]:
    """The body's parts as they come.

    Raises:
        CutOffError: the client broke off.
    """
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CutOffError
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def discard(parts: AsyncIterator[bytes], most: int, seconds: float) -> None:
    """Read and throw away, up to so many bytes and so long.

    A client that is cut off while it sends often does not see the answer that says why.
    """
    try:
        async with asyncio.timeout(seconds):
            seen = 0
            async for part in parts:
                seen += len(part)
                if seen > most:
                    return
    except TimeoutError:
        return


async def refuse(send: Send, error: RefusedError) -> None:
    """Answer `{"error": ...}` and close the connection."""
    content = json.dumps({"error": str(error)}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),
    ]
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def replay(body: bytes, receive: Receive) -> Receive:
    """What an application reads: the body in one piece, then whatever comes later."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return first.pop() if first else await receive()

    return replayed
