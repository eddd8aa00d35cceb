"""The page's server, on this machine's own address, until it is told to stop."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable

import uvicorn

from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.deployment.http.connections import (
    ACCEPTED_AT_ONCE,
    bounded_protocol,
    most_connections,
)
from fag_tf.deployment.http.listening import HttpServer, bind
from fag_tf.deployment.playground.application import build_page

__all__ = ["HOST", "serve_page"]

HOST = "127.0.0.1"


def serve_page(model: GraspModel, port: int, announce: Callable[[str], None]) -> None:
    """Serve the page until SIGTERM or SIGINT.

    Args:
        model: the model that answers.
        port: 0 takes a free one.
        announce: told the page's address once it answers.

    Raises:
        InputError: the address cannot be had.
    """
    application = build_page(model)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    with bind(HOST, port) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}/"
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            http=bounded_protocol(most_connections()),
            ws="none",
            backlog=ACCEPTED_AT_ONCE,
            timeout_graceful_shutdown=5,
        )
        asyncio.run(_serve(HttpServer(config), listener, lambda: announce(url)))


async def _serve(server: HttpServer, listener: socket.socket, ready: Callable[[], None]) -> None:
    def stop() -> None:
        if server.should_exit:
            server.end_at_once()
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    answering = asyncio.create_task(server.serve(sockets=[listener]))
    while not (server.started or answering.done()):
        await asyncio.sleep(0.01)
    if server.started:
        ready()
    await answering
