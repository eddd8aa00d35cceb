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


_FORGET = 1.05


class Workers:
    """Threads for the models' work, and others that read and write bodies.

    Every request has a thread of its own, which mostly waits for its turn. Bodies have few, since
    each holds a body's values in memory.

    Attributes:
        turns: the fair queue in front of the models.
        bodies: threads that turn bodies into requests, and answers into bodies.
        requests: threads for the requests' work.

    Args:
        lanes: number of parts of requests that run at the same time.
    """

    def __init__(self, lanes: int) -> None:
        self.turns = Turns(lanes)
        self.bodies = ThreadPoolExecutor(lanes, "body")
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
            for pool in (self.bodies, self.requests):
                pool.shutdown(cancel_futures=True)

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
