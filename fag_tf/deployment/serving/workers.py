"""The threads of a server, beside the event loop that speaks with the clients."""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from numpy.typing import NDArray

from fag_tf.deployment.runtimes import RunFn
from fag_tf.deployment.samples import Samples
from fag_tf.deployment.serving.turns import Turns, Work
from fag_tf.spaces import LATENT_INPUT

__all__ = ["MOST_WAITING", "Costs", "Workers"]

MOST_WAITING = 128
"""Greatest number of simultaneous inference requests of each protocol."""


_SMALL_BODY = 1 << 18
"""Bytes of a body that is read at once; as Python's objects, JSON takes some ten times its size."""

_FORGET = 1.05


class Workers:
    """Threads for the work of requests.

    Every request has a thread of its own, which mostly waits for its turn. Large bodies take turns
    too, since each holds its values in memory.

    Attributes:
        turns: the fair queue in front of the models.
        requests: threads for the requests' work.

    Args:
        lanes: number of parts of requests that run at the same time.
    """

    def __init__(self, lanes: int) -> None:
        self.turns = Turns(lanes, short_lanes=1)
        self._bodies = threading.Semaphore(lanes)
        self.requests = ThreadPoolExecutor(2 * MOST_WAITING, "request")
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

    @contextlib.contextmanager
    def body(self, work: Work, size: int) -> Iterator[None]:
        """A block that reads or writes a body; of large ones as many at a time as there are lanes.

        Args:
            work: whose body it is.
            size: bytes.

        Raises:
            AbandonedError: nobody waits for the answer any more.
            OverdueError: no time was left before the block could begin.
        """
        if size <= _SMALL_BODY:
            yield
            return
        came = time.monotonic()
        while not self._bodies.acquire(timeout=min(1.0, work.check())):
            pass
        work.waited += time.monotonic() - came
        try:
            work.check()
            yield
        finally:
            self._bodies.release()

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

        ending = threading.Thread(target=end, daemon=True)
        ending.start()
        ending.join(seconds)
        return not ending.is_alive()


class Costs:
    """What a part of a model takes by the number of its actions, when nothing else runs.

    Beside other parts a small one may take longer than a large one alone. The least time that was
    measured is therefore kept, and forgotten slowly.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}

    def paced(self, run: RunFn, work: Work) -> RunFn:
        """The model's function, which takes a turn for each call.

        Args:
            run: runs one part.
            work: whose parts they are.
        """

        def paced(inputs: Mapping[str, NDArray[Any]]) -> Samples:
            states, actions = inputs[LATENT_INPUT].shape[:2]
            size = (actions - 1).bit_length()  # models run powers of two
            known = self._seconds.get(size)
            with work.turn(None if known is None else known * states):
                begin = time.perf_counter()
                samples = run(inputs)
                spent = (time.perf_counter() - begin) / max(states, 1)
                self._seconds[size] = spent if known is None else min(spent, _FORGET * known)
            return samples

        return paced
