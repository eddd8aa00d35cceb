"""Bounds on connections: how many there are, and how long each may do nothing.

uvicorn waits without an end for the headers of a request, for a client that does not read its
answer, and takes as many connections as come. Here each of them has a bound. When there are too
many connections, the one that has been idle longest makes room, or one whose request is refused
and whose body is only read to its end; neither keeps anybody out.
"""

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

__all__ = ["ACCEPTED_AT_ONCE", "bounded_protocol", "most_connections"]

HEADER_SECONDS = 10.0
"""Time from the start of a connection or from a request's first byte to the end of its headers, s.
"""

WRITE_SECONDS = 30.0
"""Time for which a client may read nothing of its answer, s."""

MOST_HEADER_BYTES = 1 << 16

ACCEPTED_AT_ONCE = 32
"""Number of connections that the event loop accepts before it looks after those it has."""

_MOST_CONNECTIONS = 1024
_OTHER_FILES = 128 + 4 * ACCEPTED_AT_ONCE
"""Files that the process opens besides: models, pollers, connections to its own processes, and what
is accepted but not counted yet."""


def most_connections() -> int:
    """Greatest number of connections of each of two protocols, by the limit on open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(8, min(_MOST_CONNECTIONS, (soft - _OTHER_FILES) // 2))


def bounded_protocol(most: int) -> type[asyncio.Protocol]:
    """A protocol of uvicorn's with these bounds, for its setting `http`.

    Args:
        most: greatest number of connections.
    """
    shared = {"idle": {}, "most_connections": most}
    return type("BoundedProtocol", (_BoundedProtocol,), shared)


class _BoundedProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """One connection.

    Attributes:
        idle: connections without a request under way, the longest idle first.
        most_connections: greatest number of connections.
    """

    idle: "dict[_BoundedProtocol, None]"
    most_connections: int

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._headers_due: asyncio.TimerHandle | None = None
        self._reading_due: asyncio.TimerHandle | None = None
        self._header_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Count the connection; if there are too many, the longest idle one makes room."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self._surplus()._drop()
        if not transport.is_closing():
            self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.idle.pop(self, None)
        _stop(self._headers_due)
        self._headers_due = None
        _stop(self._reading_due)
        self._reading_due = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of headers are counted and must come to an end in time."""
        waited = not self._is_answering()
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._is_answering():
            self.idle.pop(self, None)
            _stop(self._headers_due)
            self._headers_due = None
            self._header_bytes = 0
        elif waited:
            self._header_bytes += len(data)
            if self._header_bytes > MOST_HEADER_BYTES:
                self._drop()
            elif self._headers_due is None:
                self._await_headers()

    def on_response_complete(self) -> None:
        """Idle again, or gone: whoever does not read the end of its answer is not waited for."""
        super().on_response_complete()
        self._header_bytes = 0
        if self.transport.is_closing():
            self.loop.call_later(WRITE_SECONDS, self.transport.abort)
        elif not self._is_answering():
            self.idle[self] = None

    def timeout_keep_alive_handler(self) -> None:
        """Close, and do not wait for the end of an answer that nobody reads."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        """The client does not read; it has a while to begin to."""
        super().pause_writing()
        self._reading_due = self.loop.call_later(WRITE_SECONDS, self._drop)

    def resume_writing(self) -> None:
        """The client reads."""
        _stop(self._reading_due)
        self._reading_due = None
        super().resume_writing()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _surplus(self) -> "_BoundedProtocol":
        """The connection that makes room: an idle one, or one that is refused, or this one."""
        if self.idle:
            return next(iter(self.idle))
        refused = (each for each in self.connections if each._is_refused())
        return next(refused, self)

    def _is_refused(self) -> bool:
        """Whether it has its answer, and only the rest of its body is still read."""
        return bool(self._is_answering() and self.cycle.response_started and self.cycle.more_body)

    def _await_headers(self) -> None:
        self.idle[self] = None
        self._headers_due = self.loop.call_later(HEADER_SECONDS, self._drop)

    def _drop(self) -> None:
        self.idle.pop(self, None)
        self.transport.abort()


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
