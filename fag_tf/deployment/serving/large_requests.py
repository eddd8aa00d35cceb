"""Large work of requests, done by another process while the server's goes on."""

import asyncio
import contextlib
import json
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from kserve.errors import InferenceError

from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.serving import large_process
from fag_tf.deployment.serving.large_process import SIZE, Ran, message
from fag_tf.deployment.serving.queries import Limits, Query
from fag_tf.errors import InputError
from fag_tf.parallel.search_path import search_path

__all__ = ["LargeRequests"]

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    f"from {large_process.__name__} import main; main(sys.argv[2])"
)

MOST_AT_ONCE = 64
"""Number of tasks that the process has at a time; each is an open file of the server."""

# Every task has a thread of its own. Without a bound the GNU C library keeps what each has freed.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}

_BUFFERED = 1 << 20  # bytes of an answer that are taken at once
_PAUSE_SECONDS = 0.01


class LargeRequests:
    """The process as the server sees it: started when it is needed, and again if it has ended.

    Args:
        samplers: the models of the server.
    """

    def __init__(self, samplers: Sequence[SavedModel]) -> None:
        models = [
            (str(sampler.directory), sampler.runtime, dict(sampler.card.files))
            for sampler in samplers
        ]
        self._models = json.dumps(models)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._reading = asyncio.Lock()
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def to_binary(self, body: bytes, size: int) -> tuple[bytes, int]:
        """`json_heads.to_binary`, one body at a time, since each takes memory.

        Raises:
            InputError: as there; or the process ended, which it does if memory lacks.
        """
        async with self._reading:
            try:
                binary: tuple[bytes, int] = await self._ask("json", body, size)
            except EOFError as error:
                raise InputError(
                    "this JSON has ended the process that read it; send arrays as binary tensors"
                ) from error
        return binary

    async def answer(self, sampler: SavedModel, query: Query, limits: Limits) -> Ran:
        """`answers.answer_query`.

        Raises:
            InputError: as there.
            InferenceError: the process ended.
        """
        try:
            ran: Ran = await self._ask("answer", str(sampler.directory), query, limits)
        except EOFError as error:
            raise InferenceError("the process of large requests has ended") from error
        return ran

    async def _ask(self, *task: Any) -> Any:
        """Send a task and wait for its outcome; whoever is cancelled leaves by closing."""
        async with self._room:
            connection = await self._connect()
            reader, writer = await asyncio.open_connection(sock=connection, limit=_BUFFERED)
            try:
                writer.write(message(task))
                await writer.drain()
                (size,) = SIZE.unpack(await reader.readexactly(SIZE.size))
                outcome = pickle.loads(await reader.readexactly(size))  # from our own process
            except OSError as error:
                raise EOFError from error
            finally:
                writer.transport.abort()
        if isinstance(outcome, InputError):
            raise outcome
        return outcome

    async def _connect(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as failing, theirs:
            failing.callback(ours.close)
            while True:
                try:
                    self._hand_over(theirs)
                except BlockingIOError:  # many were abandoned before it took them
                    await asyncio.sleep(_PAUSE_SECONDS)
                except ConnectionError:  # it has ended
                    self.close()
                else:
                    failing.pop_all()
                    return ours

    def _hand_over(self, connection: socket.socket) -> None:
        if self._process is None:
            self._control, theirs = socket.socketpair()
            self._control.setblocking(False)
            command = [sys.executable, "-c", _START, json.dumps(search_path()), self._models]
            with theirs:
                # A group of its own: Ctrl-C goes to the server alone. A session of its own would
                # be a scheduling group on Linux too, in which low priority means nothing outside.
                self._process = subprocess.Popen(
                    command,
                    stdin=theirs.fileno(),
                    process_group=0,
                    env={**_ENVIRONMENT, **os.environ},
                )
        assert self._control is not None
        socket.send_fds(self._control, [b"."], [connection.fileno()])

    def close(self) -> None:
        """End the process. It ends by itself when this one has ended in whatever way."""
        process, self._process = self._process, None
        if self._control is not None:
            self._control.close()
        if process is not None:
            process.kill()
            process.wait()
