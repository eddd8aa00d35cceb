"""Turns at the processors, by which small requests get through beside large ones.

The work of a request is many parts, one call of the model each. Before each part the request takes
a turn. Of all that wait, the one whose part would end first gets the next turn, counted in a
virtual time that a request spends by its own parts alone: self-clocked fair queueing (Golestani
1994). A request of one small part therefore does not wait for all that was asked for before it.
Parts that are known to be short have a lane more, so they do not wait for long ones under way
either; the processors then share their time between the parts. A request that nobody waits for any
more, or whose time is over, stops before its next part.
"""

import contextlib
import itertools
import math
import threading
import time
from collections.abc import Iterator
from typing import Literal

__all__ = ["AbandonedError", "OverdueError", "Turns", "Work"]

_USUAL_SECONDS = 0.03
"""What a part of unknown cost is taken for, s."""


_SHORT_SECONDS = 0.02
"""A part that takes no longer is short, s."""


class AbandonedError(Exception):
    """Nobody waits for the answer."""


class OverdueError(Exception):
    """The time of a request is over."""


_Ticket = tuple[float, int, bool]
"""Virtual time of the end, number, and whether the part is short."""

_Lane = Literal["any", "short"]


class Turns:
    """A fair queue for a number of lanes.

    Args:
        lanes: number of parts that run at the same time.
        short_lanes: number of short parts that run beside them.
    """

    def __init__(self, lanes: int, short_lanes: int = 0) -> None:
        self._free, self._free_short = lanes, short_lanes
        self._changed = threading.Condition()
        self._clock = 0.0  # the virtual time at which the latest part began
        self._waiting: list[_Ticket] = []
        self._numbers = itertools.count()

    @contextlib.contextmanager
    def turn(self, work: "Work", seconds: float) -> Iterator[None]:
        """Wait for a lane, and hold it for the block.

        Args:
            work: whose part it is.
            seconds: what the part is expected to take, s.

        Raises:
            AbandonedError: the work was abandoned before its turn came.
            OverdueError: its time was over before its turn came.
        """
        came = time.monotonic()
        with self._changed:
            begin = max(work.spent_until, self._clock)
            ticket = (begin + seconds, next(self._numbers), seconds <= _SHORT_SECONDS)
            self._waiting.append(ticket)
            try:
                while (lane := self._lane(ticket)) is None:
                    self._changed.wait(work.check())
                work.check()
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
            self._give(lane, -1)
            self._clock = max(self._clock, begin)
        started = time.monotonic()
        work.waited += started - came
        try:
            yield
        finally:
            spent = time.monotonic() - started
            work.parts, work.ran = work.parts + 1, work.ran + spent
            with self._changed:
                self._give(lane, 1)
                work.spent_until = begin + spent
                self._changed.notify_all()

    def _lane(self, ticket: _Ticket) -> _Lane | None:
        """The lane that a part may take now."""
        if self._free and ticket == min(self._waiting):
            return "any"
        short = [each for each in self._waiting if each[2]]
        if self._free_short and short and ticket == min(short):
            return "short"
        return None

    def _give(self, lane: _Lane, count: int) -> None:
        if lane == "any":
            self._free += count
        else:
            self._free_short += count

    def wake(self) -> None:
        """Let those that wait look whether they still should."""
        with self._changed:
            self._changed.notify_all()


class Work:
    """The work of one request.

    Attributes:
        spent_until: virtual time that its earlier parts have used up, s.
        parts: number of its parts that have run.
        ran: time that they took, s.
        waited: time that it waited for turns, s.

    Args:
        turns: where it takes its turns.
        seconds: time until the answer, from now on.
    """

    def __init__(self, turns: Turns, seconds: float) -> None:
        self.spent_until = 0.0
        self.parts, self.ran, self.waited = 0, 0.0, 0.0
        self._turns = turns
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._abandoned = False

    def abandon(self) -> None:
        """Nobody waits for the answer; the work ends before its next part."""
        self._abandoned = True
        self._turns.wake()

    def check(self) -> float:
        """The time that is left, s.

        Raises:
            AbandonedError: nobody waits for the answer.
            OverdueError: no time is left.
        """
        if self._abandoned:
            raise AbandonedError
        left = self._deadline - time.monotonic()
        if left <= 0.0:
            raise OverdueError(
                f"there was no answer within the {self._seconds:g} s that a request may take here; "
                "ask for fewer actions, or again when the server is less busy"
            )
        return left

    def turn(self, expected: float | None) -> contextlib.AbstractContextManager[None]:
        """A turn for a part that is expected to take so many seconds; None if nobody knows."""
        known = expected is not None and math.isfinite(expected)
        return self._turns.turn(self, expected if known and expected else _USUAL_SECONDS)
