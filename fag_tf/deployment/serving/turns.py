"""Turns at the processors, by which small requests get through beside large ones.

The work of a request is many parts: reading its body, calls of the model, and writing its answer.
Before each part the request takes a turn. Every request has a due time: its arrival, and `PATIENCE`
times the work that is known of it (the rule of total work content of the scheduling of workshops,
Conway 1965). Of all parts that wait, the one whose request is due first gets the next turn. So a
small request goes ahead of all that are larger, except of those that have waited for a multiple of
their own work, and nobody waits for ever. Work is what the parts were expected to take, if that is
known: beside other parts and other processes all of them take longer.

No more parts run at a time than there are lanes, since more threads than cores make each other
wait, most of all for the interpreter's lock. Only where all parts under way are long may one short
part run beside them. A request that nobody waits for any more, or whose time is over, stops before
its next part.
"""

import contextlib
import itertools
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["PATIENCE", "SHORT_SECONDS", "AbandonedError", "OverdueError", "Turns", "Work"]

SHORT_SECONDS = 0.02
"""A part that takes no longer is short, s; longer work is cut into such parts where it can be."""

PATIENCE = 100.0
"""Due time of a request after its arrival, by its work; at most half of the time it may take."""

_USUAL_SECONDS = 0.03
"""What a part of unknown cost is taken for, s."""


class AbandonedError(Exception):
    """Nobody waits for the answer."""


class OverdueError(Exception):
    """The time of a request is over."""


@dataclass(order=True)
class _Ticket:
    """A part that waits for its turn, in the order of turns.

    Attributes:
        due: time when its request is due, s.
        number: which one it is.
        work: whose part it is.
        short: whether it is short.
        changed: told when it may begin, or should look whether it still waits.
        admitted: whether it may begin.
    """

    due: float
    number: int
    work: "Work" = field(compare=False)
    short: bool = field(compare=False)
    changed: threading.Condition = field(compare=False)
    admitted: bool = field(default=False, compare=False)


class Turns:
    """A fair queue for a number of lanes.

    Args:
        lanes: number of parts that run at the same time.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self._long, self._short = 0, 0  # parts under way
        self._lock = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._numbers = itertools.count()

    @contextlib.contextmanager
    def turn(self, work: "Work", seconds: float | None, later: float = 0.0) -> Iterator[float]:
        """Wait for a lane, and hold it for the block, which gets the time of waiting, s.

        A work may hold several lanes at a time, each in a thread of its own.

        Args:
            work: whose part it is.
            seconds: what the part is expected to take, s; None if nobody knows.
            later: what is known to follow it, s.

        Raises:
            AbandonedError: the work was abandoned before its turn came.
            OverdueError: its time was over before its turn came.
        """
        came = time.monotonic()
        expected = _USUAL_SECONDS if seconds is None else seconds
        short = expected <= SHORT_SECONDS
        with self._lock:
            due = work.due(expected + later)
            changed = threading.Condition(self._lock)
            ticket = _Ticket(due, next(self._numbers), work, short, changed)
            self._waiting.append(ticket)
            self._admit()
            try:
                while not ticket.admitted:
                    changed.wait(work.check())
                work.check()
            except BaseException:
                if ticket.admitted:
                    self._count(short, -1)
                else:
                    self._waiting.remove(ticket)
                self._admit()
                raise
        started = time.monotonic()
        try:
            yield started - came
        finally:
            spent = time.monotonic() - started
            with self._lock:
                self._count(short, -1)
                work.spent += spent if seconds is None else seconds
                self._admit()

    def _admit(self) -> None:
        """Let those begin that may; nobody else is woken, since waking takes the interpreter."""
        while (ticket := self._next()) is not None:
            self._waiting.remove(ticket)
            self._count(ticket.short, 1)
            ticket.admitted = True
            ticket.changed.notify()

    def _next(self) -> _Ticket | None:
        if self._long + self._short < self.lanes:
            return min(self._waiting, default=None)
        if self._short == 0 and self._long <= self.lanes:
            return min((each for each in self._waiting if each.short), default=None)
        return None

    def _count(self, short: bool, change: int) -> None:
        if short:
            self._short += change
        else:
            self._long += change

    def wake(self, work: "Work") -> None:
        """Let the parts of a work that wait look whether they still should."""
        with self._lock:
            for ticket in self._waiting:
                if ticket.work is work:
                    ticket.changed.notify()


class Work:
    """The work of one request.

    Attributes:
        arrived: when it came, s of the monotonic clock.
        spent: work of its earlier parts, s.
        parts: number of calls of the model for it, before they are cut into pieces.
        ran: time that its thread spent on them, s.
        waited: time that its thread waited for turns, s.

    Args:
        turns: where it takes its turns.
        seconds: time until the answer, from now on.
    """

    def __init__(self, turns: Turns, seconds: float) -> None:
        self.arrived, self.spent = time.monotonic(), 0.0
        self.parts, self.ran, self.waited = 0, 0.0, 0.0
        self._turns = turns
        self._seconds = seconds
        self._deadline = self.arrived + seconds
        self._abandoned = False

    def abandon(self) -> None:
        """Nobody waits for the answer; the work ends before its next part."""
        self._abandoned = True
        self._turns.wake(self)

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

    def due(self, known: float) -> float:
        """When the answer is due, s of the monotonic clock.

        Args:
            known: what is known to be left to do, s.
        """
        return self.arrived + min(PATIENCE * (self.spent + known), 0.5 * self._seconds)

    def turn(
        self, seconds: float | None, later: float = 0.0
    ) -> contextlib.AbstractContextManager[float]:
        """A turn for a part, as `Turns.turn` takes them."""
        known = seconds is not None and math.isfinite(seconds) and seconds > 0.0
        return self._turns.turn(self, seconds if known else None, later)
