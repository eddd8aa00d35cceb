"""The server with REST and gRPC in one process, from opening its ports to the last answer."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import grpc
import uvicorn

from fag_tf.deployment.http.connections import (
    ACCEPTED_AT_ONCE,
    bounded_protocol,
    most_connections,
)
from fag_tf.deployment.http.listening import HttpServer, bind, listen
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.serving.large_requests import LargeRequests
from fag_tf.deployment.serving.model import ServedModel
from fag_tf.deployment.serving.queries import Limits
from fag_tf.deployment.serving.repository import Registry
from fag_tf.deployment.serving.rest import build_application
from fag_tf.deployment.serving.rpc import build_rpc_server
from fag_tf.deployment.serving.tokens import Token

__all__ = ["Settings", "serve"]

LOGGER = logging.getLogger(__name__)

GARBAGE_OBJECTS = 20_000
"""Number of new objects after which Python looks for cycles of garbage."""

SWITCH_SECONDS = 5e-4
"""Time after which a thread that computes lets another have the interpreter, s; usual are 5 ms."""

KEEP_ALIVE_SECONDS = 65  # longer than the minute of common proxies, so that the proxy closes first

LAST_SECONDS = 3.0
"""Time after the grace for answers that say so, and then for threads, s. Then the process ends."""


@dataclass(frozen=True)
class Settings:
    """Settings of the server.

    Attributes:
        host: name or address to listen on, for both protocols.
        port: REST port; 0 takes any free port.
        grpc_port: gRPC port; 0 takes any free port.
        limits: limits of one request.
        token: token that clients must send, or None.
        grace: time for open requests to finish after the server is asked to stop, s.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    grpc_port: int = 8001
    limits: Limits = field(default_factory=Limits)
    token: Token | None = None
    grace: float = 20.0


def serve(
    samplers: Sequence[SavedModel], settings: Settings, announce: Callable[[str], None]
) -> None:
    """Serve models until the process gets SIGTERM or SIGINT, then finish the open requests.

    Args:
        samplers: models, each served under the name of its folder.
        settings: settings of the server.
        announce: called with one line for each model when both ports answer.

    Raises:
        InputError: two models have the same name, or an address is not available.
    """
    # More threads would wait for each other, and leave no core to the event loop.
    threads = ThreadPoolExecutor(max(1, min(4, (os.cpu_count() or 1) - 1)), "request")
    large = LargeRequests(samplers)
    registry = Registry(
        ServedModel(sampler, settings.limits, threads, large) for sampler in samplers
    )
    with bind(settings.host, settings.port) as listener:
        _tune_interpreter()
        try:
            asyncio.run(_serve(registry, settings, listener, announce))
        finally:
            large.close()
    if not _ended(threads, LAST_SECONDS):
        _exit(0)  # all clients are answered; a model is in a long computation for nobody


def _tune_interpreter() -> None:
    """Settings of the interpreter by which requests wait less for each other."""
    # Garbage collections during a request would scan all loaded objects, which is slow. The lists
    # of a request's numbers start none either; they are no garbage.
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 10, 10)
    sys.setswitchinterval(SWITCH_SECONDS)


def _ended(threads: ThreadPoolExecutor, seconds: float) -> bool:
    """Begin nothing more, and wait for threads; whether they have ended in this time, s."""
    ending = threading.Thread(target=threads.shutdown, kwargs={"cancel_futures": True}, daemon=True)
    ending.start()
    ending.join(seconds)
    return not ending.is_alive()


async def _serve(
    registry: Registry,
    settings: Settings,
    listener: socket.socket,
    announce: Callable[[str], None],
) -> None:
    # Client errors are answered to the client; the log is for faults of the server.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    rest = HttpServer(
        uvicorn.Config(
            build_application(registry, settings.limits, settings.token),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            http=bounded_protocol(most_connections()),
            ws="none",
            backlog=ACCEPTED_AT_ONCE,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, round(settings.grace)),
        )
    )
    rpc, grpc_port = build_rpc_server(
        registry, settings.limits, settings.token, settings.host, settings.grpc_port
    )
    await rpc.start()
    stopping = _signals(registry, rest, rpc, settings.grace)
    answering = asyncio.create_task(rest.serve(sockets=[listener]))
    waiting = asyncio.create_task(stopping.wait())
    while not (rest.started or answering.done()):
        await asyncio.sleep(0.01)
    if rest.started:
        listen(listener)  # uvicorn has shortened the queue to what it accepts at once
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    for model in registry.model_registry.get_models().values():
        announce(
            f"serving {model.name} version {model.version} at "
            f"http://{host}:{listener.getsockname()[1]} and grpc://{host}:{grpc_port}"
        )
    await asyncio.wait((answering, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    rest.should_exit = True
    await asyncio.gather(answering, rpc.stop(settings.grace))


def _signals(
    registry: Registry, rest: HttpServer, rpc: grpc.aio.Server, grace: float
) -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; a second signal stops the server at once.

    From the first signal on the server is not ready, and the process ends by a deadline.
    """
    stopping = asyncio.Event()
    hurried = []

    def stop() -> None:
        registry.draining = True
        if stopping.is_set():
            rest.end_at_once()
            hurried.append(asyncio.ensure_future(rpc.stop(None)))
        _end_after(2.0 * LAST_SECONDS + (0.0 if stopping.is_set() else grace))
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopping


def _end_after(seconds: float) -> None:
    """End the process by a deadline, even if the event loop hangs."""

    def end() -> None:
        LOGGER.error("the server did not stop in time and is ended")
        _exit(1)

    deadline = threading.Timer(seconds, end)
    deadline.daemon = True
    deadline.start()


def _exit(code: int) -> None:
    """End the process without waiting for its threads."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
