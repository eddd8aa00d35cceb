"""The page's server, on this machine's own address, until it is told to stop."""

import logging
from collections.abc import Callable

import uvicorn

from fag_tf.environments.planar_grasp.grasp_models import image_size
from fag_tf.environments.planar_grasp.page.application import build_page
from fag_tf.sampler import Sampler
from fag_tf.web.listening import bind

__all__ = ["HOST", "serve_page"]

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        self._ready()


def serve_page(sampler: Sampler, port: int, announce: Callable[[str], None]) -> None:
    """Serve the page until SIGTERM or SIGINT.

    Args:
        sampler: the model that answers.
        port: 0 takes a free one.
        announce: told the page's address once it answers.

    Raises:
        InputError: the model gives no grasps, or the address cannot be had.
    """
    application = build_page(sampler, image_size(sampler))
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    with bind(HOST, port) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}/"
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        _Server(config, lambda: announce(url)).run(sockets=[listener])
