"""A process that reads large JSON, of low priority, beside a server whose requests go on.

A parser holds the interpreter for as long as it runs: half a second for four million numbers, in
which no other request gets on. The process gives the same request with binary tensors.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import threading
from typing import IO

from fag_tf.deployment.serving.json_heads import to_binary
from fag_tf.deployment.serving.turns import Work
from fag_tf.errors import InputError
from fag_tf.parallel.search_path import search_path

__all__ = ["JsonProcess", "run"]

_HEAD = struct.Struct("<QQ")
"""Before each message: size of its first part, bytes, and of all of it. An answer without a first
part is a refusal."""

_NICENESS = 10

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    f"from {__name__} import run; run(sys.stdin.buffer, sys.stdout.buffer)"
)


class JsonProcess:
    """The process as the server sees it: started when it is needed, and again if it has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def to_binary(self, body: bytes, size: int, work: Work) -> tuple[bytes, int]:
        """`json_heads.to_binary`; one body at a time.

        Args:
            body: the whole body.
            size: size of its JSON part, bytes.
            work: whose body it is.

        Raises:
            InputError: as there; or the process ended, which it does if memory lacks.
            AbandonedError: nobody waits for the answer any more.
            OverdueError: no time was left before the body could be read.
        """
        while not self._lock.acquire(timeout=min(1.0, work.check())):
            pass
        try:
            work.check()
            first, content = self._ask(body, size)
        finally:
            self._lock.release()
        if first == 0:
            raise InputError(content.decode())
        return content, first

    def _ask(self, body: bytes, size: int) -> tuple[int, bytes]:
        process = self._running()
        try:
            _send(process.stdin, size, body)
            return _receive(process.stdout)
        except (OSError, EOFError) as error:
            self._end()
            raise InputError(
                "this JSON has ended the process that read it; send arrays as binary tensors"
            ) from error

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            command = [sys.executable, "-c", _START, json.dumps(search_path())]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def close(self) -> None:
        """End the process. It ends by itself when this one has ended in whatever way."""
        process = self._process
        if process is not None:
            process.kill()  # whoever waits for it is told, and takes care of what is left


def run(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Runs in the process: answer requests until there are none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server says when to end
    os.nice(_NICENESS)
    while True:
        try:
            size, body = _receive(requests)
        except EOFError:
            return
        try:
            content, first = to_binary(body, size)
        except InputError as error:
            content, first = str(error).encode(errors="replace"), 0
        _send(answers, first, content)
        del body, content


def _send(stream: IO[bytes] | None, first: int, content: bytes) -> None:
    assert stream is not None
    stream.write(_HEAD.pack(first, len(content)))
    stream.write(content)
    stream.flush()


def _receive(stream: IO[bytes] | None) -> tuple[int, bytes]:
    assert stream is not None
    first, size = _HEAD.unpack(_exactly(stream, _HEAD.size))
    return first, _exactly(stream, size)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError
    return content
