"""Read complete HTTP request bodies of bounded size before an ASGI application gets them."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.types import Message, Receive, Send

__all__ = ["CutOffError", "RefusedError", "attended", "body_parts", "refuse", "replay"]

LINGER_SECONDS = 1.0
"""Time for which the server still reads after it has refused a request, s.

A connection that is closed with bytes unread is reset, and a reset can overtake the answer.
"""


class RefusedError(Exception):
    """The server refuses a request without calling the application.

    Attributes:
        status: HTTP status of the answer.
        linger: time for which the rest of the body is still read and discarded, s. Many clients
            look for the answer only after they have sent all.
    """

    def __init__(self, status: int, message: str, linger: float = LINGER_SECONDS) -> None:
        super().__init__(message)
        self.status = status
        self.linger = linger


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


async def refuse(
    send: Send, error: RefusedError, parts: AsyncIterator[bytes] | None = None, most: int = 0
) -> None:
    """Answer `{"error": ...}` at once, and then close the connection.

    Args:
        send: the server's function.
        error: what is answered.
        parts: what may still come of the body. It is read and discarded after the answer.
        most: number of bytes after which no more is read.
    """
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
    await send({"type": "http.response.body", "body": content, "more_body": True})
    if parts is not None:
        await _discard(parts, most, error.linger)
    await send({"type": "http.response.body", "body": b""})


async def _discard(parts: AsyncIterator[bytes], most: int, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            seen = 0
            async for part in parts:
                seen += len(part)
                if seen > most:
                    return
    except (TimeoutError, CutOffError):
        return


def replay(body: bytes, receive: Receive) -> Receive:
    """A receive function that gives the whole body first, and then the later messages."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return first.pop() if first else await receive()

    return replayed


async def attended(answering: "asyncio.Future[None]", receive: Receive) -> None:
    """Wait for an answer for as long as the client does.

    Args:
        answering: task that answers a request whose body has been read. It is cancelled if the
            client leaves or this call is cancelled.
        receive: the server's function, whose next message is the end of the connection.

    Raises:
        CutOffError: the client closed the connection before it had the answer.
    """
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            answering.result()
            return
        raise CutOffError
    finally:
        for task in (answering, leaving):
            task.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
