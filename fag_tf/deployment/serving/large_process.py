"""A process of low priority that does the large work of requests, as the server starts it.

Python's interpreter runs one thread at a time, and a parser of JSON or a model's preparation keeps
it from all others. In a process of its own large work keeps nobody but other large work waiting,
and the operating system gives the server the processor first.

Each request is a connection that the server hands over. Its task comes in one message, its answer
goes in another, both pickled, since both ends are this package's. Whoever closes the connection
waits for nothing any more.
"""

import contextlib
import gc
import json
import os
import pickle
import signal
import socket
import struct
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from fag_tf.deployment.runtimes import RunFn
from fag_tf.deployment.sampler import SavedModel, load_model
from fag_tf.deployment.serving.answers import Answer, answer_query
from fag_tf.deployment.serving.json_heads import to_binary
from fag_tf.deployment.serving.queries import Limits, Query
from fag_tf.errors import InputError

__all__ = ["SIZE", "Ran", "main", "message", "work"]

SIZE = struct.Struct("<Q")
"""Before each message: its size, bytes."""

_NICENESS = 10


class Ran(NamedTuple):
    """An answer, and what it took.

    Attributes:
        answer: the answer.
        calls: number of calls of the model.
        seconds: time that they took, s.
    """

    answer: Answer
    calls: int
    seconds: float


class _LeftError(Exception):
    """Nobody waits for the answer."""


def message(content: Any) -> bytes:
    """The bytes of a message."""
    pickled = pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)
    return SIZE.pack(len(pickled)) + pickled


def main(models: str) -> None:
    """Run in the process: load the models, and answer until the server has ended.

    Standard input is the connection by which the server hands over others.

    Args:
        models: JSON list of their folders, runtimes and checksums of files.

    Raises:
        InputError: a model cannot be loaded, or is another one by now.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server says when to end
    os.nice(_NICENESS)
    loaded = {}
    for folder, runtime, files in json.loads(models):
        loaded[folder] = load_model(folder, runtime)
        if dict(loaded[folder].card.files) != files:
            raise InputError(f"{folder} has changed; start the server again")
    gc.freeze()
    with socket.socket(fileno=0) as control:
        work(control, loaded)
    os._exit(0)  # a call of a model may be under way, for nobody


def work(control: socket.socket, models: Mapping[str, SavedModel]) -> None:
    """Answer the connections that come over another one, until it ends.

    Args:
        control: the connection over which they come.
        models: loaded models, by their folders.
    """
    # Calls wait in the order in which they came. A request has one at a time, so all get on.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), "model") as lanes:
        while handles := socket.recv_fds(control, 1, 1)[1]:
            connection = socket.socket(fileno=handles[0])
            task = _Task(connection, models, lanes)
            threading.Thread(target=task.run, daemon=True).start()


class _Task:
    """One task of a request."""

    def __init__(
        self, connection: socket.socket, models: Mapping[str, SavedModel], lanes: ThreadPoolExecutor
    ) -> None:
        self._connection = connection
        self._models = models
        self._lanes = lanes
        self._calls, self._seconds = 0, 0.0

    def run(self) -> None:
        """Read what it is, do it, and send the outcome."""
        with self._connection, contextlib.suppress(_LeftError, OSError):
            name, *arguments = pickle.loads(self._read())  # from the server alone
            outcome: Any
            try:
                outcome = to_binary(*arguments) if name == "json" else self._answer(*arguments)
            except InputError as error:
                outcome = error
            self._connection.sendall(message(outcome))

    def _read(self) -> bytes:
        with self._connection.makefile("rb") as stream:
            head = stream.read(SIZE.size)
            content = stream.read(SIZE.unpack(head)[0]) if len(head) == SIZE.size else b""
        if not content:
            raise _LeftError
        return content

    def _answer(self, folder: str, query: Query, limits: Limits) -> Ran:
        answer = answer_query(self._models[folder].paced(self._in_turn), query, limits)
        return Ran(answer, self._calls, self._seconds)

    def _in_turn(self, run: RunFn) -> RunFn:
        def call(inputs: Any) -> Any:
            self._check()
            begin = time.perf_counter()
            samples = run(inputs)
            self._calls += 1
            self._seconds += time.perf_counter() - begin
            return samples

        return lambda inputs: self._lanes.submit(call, inputs).result()

    def _check(self) -> None:
        """Raise `_LeftError` if the other end is closed; it sends nothing after the task."""
        with contextlib.suppress(BlockingIOError):
            self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            raise _LeftError
