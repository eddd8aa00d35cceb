"""A worker that is a process of this machine."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from fag_tf.errors import InputError
from fag_tf.parallel.worker_pool import Work, refusable

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["LocalWorker"]


class LocalWorker:
    """A process with one core's share of threads; see `fag_tf.parallel.worker_pool`.

    It is spawned, because a fork of a process in which TensorFlow runs hangs. It ends when this
    process does, even if that is killed.

    Args:
        make_work: function of a module, called in the process.
        arguments: its arguments; they are pickled.
    """

    lost: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, make_work: Callable[..., Work], arguments: tuple[Any, ...]) -> None:
        self._made_of = make_work, arguments
        self._executor: ProcessPoolExecutor | None = None
        self._life: Connection | None = None

    def start(self) -> "Future[Any]":
        """Start the process, or a new one in its place."""
        self.close()
        context = get_context("spawn")
        # The process ends when the other end of this pipe does.
        death, self._life = context.Pipe(duplex=False)
        self._executor = ProcessPoolExecutor(1, context, initializer=_follow, initargs=(death,))
        started = self._executor.submit(_begin, *self._made_of)
        death.close()
        return started

    def submit(self, task: Any) -> "Future[Any]":
        """Compute a task."""
        assert self._executor is not None
        try:
            return self._executor.submit(_compute, task)
        except BrokenExecutor as error:  # it ended while it was idle
            gone: Future[Any] = Future()
            gone.set_exception(error)
            return gone

    def close(self) -> None:
        """End the process at once."""
        if self._life is not None:
            self._life.close()
            self._life = None
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None


_work: Work | None = None


def _follow(death: "Connection") -> None:
    """End this process when the one that started it closes its end of the pipe, or is gone."""
    # Ctrl-C goes to all processes of a terminal; what it means is decided by the first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def follow() -> None:
        with contextlib.suppress(EOFError, OSError):
            death.recv_bytes()
        os._exit(0)

    threading.Thread(target=follow, daemon=True).start()


def _begin(make_work: Callable[..., Work], arguments: tuple[Any, ...]) -> Any:
    return refusable(_make, make_work, arguments)


def _make(make_work: Callable[..., Work], arguments: tuple[Any, ...]) -> None:
    from threadpoolctl import threadpool_limits

    global _work
    _work = make_work(*arguments)
    # There are as many workers as are wanted: each has one thread, however many cores there are.
    threadpool_limits(1)


def _compute(task: Any) -> Any:
    if _work is None:
        raise InputError("this worker was not started")
    return refusable(_work, task)
