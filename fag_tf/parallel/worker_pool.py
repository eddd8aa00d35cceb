"""Tasks computed by several workers. A worker that is lost is replaced, and its task repeated.

What a worker is, a process of this machine or an actor of a Ray cluster, makes no difference here.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, NamedTuple, Protocol

from fag_tf.errors import InputError

__all__ = ["Refusal", "Worker", "WorkerFactory", "WorkerPool", "refusable"]

MOST_LOSSES = 3
"""How many workers one task may cost before it is given up, and how many may fail to start."""

Work = Callable[[Any], Any]
"""Computes one task in a worker."""


class Refusal(NamedTuple):
    """The message of an `InputError` in a worker; each kind of worker would wrap the error."""

    message: str


def refusable(call: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a call, or the `Refusal` that its `InputError` amounts to."""
    try:
        return call(*arguments)
    except InputError as error:
        return Refusal(str(error))


class Worker(Protocol):
    """One worker; it computes one task at a time.

    Attributes:
        lost: kinds of error by which a future tells that the worker is gone.
    """

    lost: tuple[type[BaseException], ...]

    def start(self) -> "Future[Any]":
        """Start it, or a new one in its place; the future ends when it can be given tasks."""

    def submit(self, task: Any) -> "Future[Any]":
        """Compute a task."""

    def close(self) -> None:
        """End it at once, whatever it does."""


class WorkerFactory(Protocol):
    """Makes a worker, which is not started yet.

    Args:
        make_work: called in the worker, gives what computes a task there.
        arguments: its arguments.
    """

    def __call__(self, make_work: Callable[..., Work], arguments: tuple[Any, ...]) -> Worker:
        """Make it."""
        ...


class WorkerPool:
    """A number of workers that share a list of tasks.

    The workers are started when the first tasks come. A task goes to whichever worker is free, and
    the results come in the order of the tasks, so they do not depend on the number of workers. A
    worker that starts slowly, or for which a cluster has no room, holds nobody up.

    Args:
        workers: one or more.
        what: what the tasks do, for messages.
    """

    def __init__(self, workers: Sequence[Worker], what: str) -> None:
        self._workers, self._what = workers, what
        self._idle: deque[Worker] = deque()
        self._starting: dict[Future[Any], Worker] = {}
        self._failed_starts = 0
        self._lock = threading.Lock()

    def map(self, tasks: Sequence[Any]) -> list[Any]:
        """Compute all tasks.

        Raises:
            InputError: a worker refuses, a task costs three workers, or workers do not start.
        """
        with self._lock:
            try:
                return self._map(tasks)
            except BaseException:
                self._close()  # some of them still compute what nobody wants any more
                raise

    def close(self) -> None:
        """End all workers. The next `map` starts new ones."""
        with self._lock:
            self._close()

    def _map(self, tasks: Sequence[Any]) -> list[Any]:
        if not self._idle and not self._starting:
            for worker in self._workers:
                self._start(worker)
        waiting = deque(range(len(tasks)))
        losses = [0] * len(tasks)
        results: list[Any] = [None] * len(tasks)
        running: dict[Future[Any], tuple[Worker, int]] = {}
        while waiting or running:
            while waiting and self._idle:
                worker, index = self._idle.popleft(), waiting.popleft()
                running[worker.submit(tasks[index])] = worker, index
            ended, _ = wait([*running, *self._starting], return_when=FIRST_COMPLETED)
            for future in ended:
                if future in self._starting:
                    self._started(future)
                    continue
                worker, index = running.pop(future)
                try:
                    results[index] = _accepted(future)
                except worker.lost as error:
                    losses[index] += 1
                    if losses[index] == MOST_LOSSES:
                        raise InputError(
                            f"{self._what}: the same task ended {MOST_LOSSES} workers ({error}); "
                            "it crashes, or needs more memory than there is"
                        ) from error
                    waiting.appendleft(index)
                    self._start(worker)
                else:
                    self._idle.append(worker)
        return results

    def _start(self, worker: Worker) -> None:
        self._starting[worker.start()] = worker

    def _started(self, future: "Future[Any]") -> None:
        worker = self._starting.pop(future)
        try:
            _accepted(future)
        except worker.lost as error:
            self._failed_starts += 1
            if self._failed_starts >= MOST_LOSSES:
                raise InputError(
                    f"{self._what}: {MOST_LOSSES} workers ended before they could work ({error}); "
                    'a script that starts workers needs the line: if __name__ == "__main__":'
                ) from error
            self._start(worker)
        else:
            self._failed_starts = 0
            self._idle.append(worker)

    def _close(self) -> None:
        for worker in self._workers:
            worker.close()
        self._idle.clear()
        self._starting.clear()
        self._failed_starts = 0


def _accepted(future: "Future[Any]") -> Any:
    result = future.result()
    if isinstance(result, Refusal):
        raise InputError(result.message)
    return result
