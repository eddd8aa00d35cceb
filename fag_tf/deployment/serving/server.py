"""The server: REST and gRPC in one process, from binding its ports to the last answer."""

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import grpc
import uvicorn

from fag_tf.deployment.http.listening import HttpServer, bind
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.serving.model import ServedModel
from fag_tf.deployment.serving.queries import Limits
from fag_tf.deployment.serving.repository import Registry
from fag_tf.deployment.serving.rest import build_application
from fag_tf.deployment.serving.rpc import build_rpc_server
from fag_tf.deployment.serving.tokens import Token

__all__ = ["Settings", "serve"]

KEEP_ALIVE_SECONDS = 65  # longer than a proxy's minute, so that it is the proxy that hangs up


@dataclass(frozen=True)
class Settings:
    """How to serve.

    Attributes:
        host: name or address to listen on, for both protocols.
        port: of REST; 0 for any free one.
        grpc_port: of gRPC; 0 for any free one.
        limits: of one request.
        token: what clients must show, or None.
        grace: seconds that requests under way have to end once the server is told to stop.
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
    """Serve models until the process gets SIGTERM or SIGINT, then answer what is under way.

    Args:
        samplers: the models, each under its folder's name.
        settings: where and how.
        announce: told one line for each model when both ports answer.

    Raises:
        InputError: two models have one name, or an address cannot be had.
    """
    # A run of ONNX Runtime takes all cores; a second request at once fills what it leaves idle.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), "request") as pool:
        registry = Registry(ServedModel(sampler, settings.limits, pool) for sampler in samplers)
        with bind(settings.host, settings.port) as listener:
            # What is loaded stays; looking through it again and again, as lists of a request's
            # numbers make the collector do, takes longer than the answer.
            gc.freeze()
            asyncio.run(_serve(registry, settings, listener, announce))


async def _serve(
    registry: Registry,
    settings: Settings,
    listener: socket.socket,
    announce: Callable[[str], None],
) -> None:
    # What clients send is their affair and answered there; the log is for the server's own faults.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    rest = HttpServer(
        uvicorn.Config(
            build_application(registry, settings.limits, settings.token),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, round(settings.grace)),
        )
    )
    rpc, grpc_port = build_rpc_server(
        registry, settings.limits, settings.token, settings.host, settings.grpc_port
    )
    await rpc.start()
    stopping = _signals(rest, rpc)
    answering = asyncio.create_task(rest.serve(sockets=[listener]))
    waiting = asyncio.create_task(stopping.wait())
    while not (rest.started or answering.done()):
        await asyncio.sleep(0.01)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    for model in registry.model_registry.get_models().values():
        announce(
            f"serving {model.name} version {model.version} at "
            f"http://{host}:{listener.getsockname()[1]} and grpc://{host}:{grpc_port}"
        )
    await asyncio.wait((answering, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    registry.draining = True
    rest.should_exit = True
    await asyncio.gather(answering, rpc.stop(settings.grace))


def _signals(rest: HttpServer, rpc: grpc.aio.Server) -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; a second signal waits for nobody."""
    stopping = asyncio.Event()
    hurried = []

    def stop() -> None:
        if stopping.is_set():
            rest.force_exit = True
            hurried.append(asyncio.ensure_future(rpc.stop(None)))
        stopping.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopping
