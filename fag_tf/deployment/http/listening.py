"""The listening socket and the HTTP server."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from fag_tf.errors import InputError

__all__ = ["HttpServer", "bind", "listen"]

BACKLOG = 1024


class HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers, which would raise each signal a second time."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not handle signals."""
        yield

    def end_at_once(self) -> None:
        """Wait for no client. Since Python 3.12 open connections would keep the server waiting."""
        self.force_exit = True
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def listen(listener: socket.socket) -> None:
    """Let clients wait in the system's queue until they are accepted."""
    listener.listen(BACKLOG)


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free port.

    Raises:
        InputError: the address is not available.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # Without the explicit TCP, asyncio keeps Nagle's algorithm on, which adds 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listen(listener)
        return listener
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot listen on {host}:{port}: {reason}") from error
