"""The connection to a Ray cluster: checked first, quiet, and closed at the end."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fag_tf._utils.standard_error import silent_stderr
from fag_tf.errors import InputError

__all__ = ["check_address", "ray_cluster"]

_SECONDS = 5.0
_ADDRESSES = (
    "HOST:PORT of a cluster that this machine is a node of, auto for the one that runs here, or "
    "local for one of this machine alone"
)

# The first bytes of any HTTP/2 connection, which gRPC is: the preface and empty SETTINGS.
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
_SETTINGS = 4


@contextmanager
def ray_cluster(address: str) -> Iterator[Any]:
    """Connect to a Ray cluster, or start one of this machine; leave it at the end.

    A cluster that is started here has no dashboard, and sends no usage statistics.

    Args:
        address: `HOST:PORT`, `auto` or `local`. An empty one is that of the variable `RAY_ADDRESS`,
            and `local` where there is none.

    Yields:
        The module `ray`, connected.

    Raises:
        InputError: Ray is not installed, or there is no cluster at the address.
    """
    address = address or os.environ.get("RAY_ADDRESS", "") or "local"
    check_address(address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else a warning
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # errors reach the user as exceptions
    ray = _import_ray()
    options: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        with silent_stderr():  # it tells the level of its log there
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except (OSError, RuntimeError, ValueError, SystemExit) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"--ray {address}: {reason:.300}; it must be {_ADDRESSES}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise InputError("--ray needs Ray; install it with pip install 'fag-tf[ray]'") from error
    return ray


def check_address(address: str) -> None:
    """Refuse an address where no Ray answers. Ray itself would wait there for minutes.

    Raises:
        InputError: it is not of the form `HOST:PORT`, or no server of gRPC answers there.
    """
    if address in ("auto", "local"):
        return
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 1 << 16 and "/" not in host):
        raise InputError(f"--ray is given {address!r:.100}; it must be {_ADDRESSES}")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _SECONDS) as connection:
            connection.sendall(_HELLO)
            answer = connection.recv(9)
    except OSError as error:
        raise InputError(
            f"--ray {address}: no Ray cluster answers there ({error.strerror or error}); it must "
            f"be {_ADDRESSES}"
        ) from error
    if len(answer) < 4 or answer[3] != _SETTINGS:
        raise InputError(
            f"--ray {address}: what answers there is no Ray cluster; it must be {_ADDRESSES}"
        )
