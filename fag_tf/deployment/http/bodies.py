"""Read complete HTTP request bodies of bounded size before an ASGI application gets them."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.types import Message, Receive, Send

__all__ = ["CutOffError", "RefusedError", "body_parts", "discard", "refuse", "replay"]


class RefusedError(Exception):
    """The server refuses a request without calling the application.

    Attributes:
        status: HTTP status of the answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class CutOffError(Exception):
    """The client closed the connection and waits for no answer."""


async def body_parts(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the parts of the body as they arrive.

    Raises:
        CutOffError: the client closed the connection.
    """
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CutOffError
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def discard(parts: AsyncIterator[bytes], most: int, seconds: float) -> None:
    """Read and discard parts, up to `most` bytes and for at most `seconds`.

    A client whose upload is interrupted often does not see the answer that gives the reason.
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
    """A receive function that gives the whole body first, and then the later messages."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return first.pop() if first else await receive()

    return replayed
