"""The threads of a server, beside the event loop that speaks with the clients."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from fag_tf.deployment.runtimes import RunFn
from fag_tf.deployment.serving.pieces import Costs, in_pieces
from fag_tf.deployment.serving.turns import Turns, Work

__all__ = ["MOST_WAITING", "Workers"]

MOST_WAITING = 128
"""Greatest number of simultaneous inference requests of each protocol."""

_SMALL_BODY = 1 << 13
"""Bytes that are read or written without a turn, within a quarter of a millisecond."""

_SECONDS_A_BYTE = 2e-8
"""What a byte of JSON takes to be read, s: as many on one core as on another, by a factor of two.
"""


class Workers:
    """Threads for the work of requests.

    Every request has a thread of its own, which mostly waits for its turn.

    Attributes:
        turns: the fair queue in front of the interpreter and the models.
        requests: threads for the requests' work.

    Args:
        lanes: number of parts of requests that run at the same time.
    """

    def __init__(self, lanes: int) -> None:
        self.turns = Turns(lanes)
        self.requests = ThreadPoolExecutor(2 * MOST_WAITING, "request")
        self._helpers = ThreadPoolExecutor(4 * lanes, "helper")
        self._open: set[Work] = set()

    @contextlib.contextmanager
    def work(self, seconds: float) -> Iterator[Work]:
        """The work of a request, which the block waits for; abandoned when the block ends."""
        work = Work(self.turns, seconds)
        self._open.add(work)
        try:
            yield work
        finally:
            self._open.discard(work)
            work.abandon()

    def body(
        self, work: Work, size: int, later: float = 0.0
    ) -> contextlib.AbstractContextManager[object]:
        """A turn for a block that reads or writes a body.

        Args:
            work: whose body it is.
            size: bytes that become Python's objects, or are made of them.
            later: what is known to follow, s.

        Raises:
            AbandonedError: nobody waits for the answer any more.
            OverdueError: no time was left before the block could begin.
        """
        if size <= _SMALL_BODY:
            return contextlib.nullcontext()
        return self._noted(work, _SECONDS_A_BYTE * size, later)

    @contextlib.contextmanager
    def _noted(self, work: Work, seconds: float, later: float) -> Iterator[None]:
        with work.turn(seconds, later) as waited:
            work.waited += waited
            yield

    def pace(self, work: Work, costs: Costs) -> Callable[[RunFn], RunFn]:
        """What makes of a model's function one that takes turns.

        Args:
            work: whose calls they are.
            costs: what the model takes.
        """
        most = self.turns.lanes
        return functools.partial(
            in_pieces, work=work, costs=costs, helpers=self._helpers, most=most
        )

    def stop(self, seconds: float) -> bool:
        """Take no more work, and wait for the threads.

        Args:
            seconds: longest time to wait, s.

        Returns:
            Whether all threads have ended.
        """
        for work in list(self._open):
            work.abandon()

        def end() -> None:
            self.requests.shutdown(cancel_futures=True)
            self._helpers.shutdown(cancel_futures=True)

        ending = threading.Thread(target=end, daemon=True)
        ending.start()
        ending.join(seconds)
        return not ending.is_alive()
