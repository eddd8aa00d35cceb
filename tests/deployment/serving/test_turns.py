"""Turns: small work gets through, work that is over ends, and no lane is lost."""

import contextlib
import threading
import time

import pytest

from fag_tf.deployment.serving.turns import AbandonedError, OverdueError, Turns, Work

LONG = 60.0


class Crowd:
    """Works with parts of known cost, which begin when they are let go on, one after the other."""

    def __init__(self, lanes=1):
        self.turns = Turns(lanes)
        self.order, self.failed = [], {}
        self._threads = []

    def add(self, name, costs, work=None):
        """Begin a work; come back when its first part waits."""
        work = Work(self.turns, LONG) if work is None else work

        def run():
            try:
                for cost in costs:
                    with work.turn(cost):
                        self.order.append(name)
                        time.sleep(min(cost, 0.1))
            except (AbandonedError, OverdueError) as error:
                self.failed[name] = type(error)

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        before = len(self.turns._waiting)
        thread.start()
        until = time.monotonic() + 5
        while len(self.turns._waiting) == before and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.001)
        return work

    def end(self):
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()


@contextlib.contextmanager
def held(crowd):
    """All wait while a part of no cost is under way; it charges nobody else."""
    with Work(crowd.turns, LONG).turn(1e-6):
        yield
    crowd.end()


def test_a_small_work_goes_before_large_ones_that_came_first():
    crowd = Crowd()
    with held(crowd):
        for name in "ABC":
            crowd.add(name, [0.02] * 3)
        crowd.add("small", [0.001])
    assert crowd.order[0] == "small"
    assert sorted(crowd.order[1:]) == sorted("ABC" * 3)


def test_a_small_work_that_comes_late_waits_for_the_part_under_way_alone():
    crowd = Crowd()
    for name in "ABC":
        crowd.add(name, [0.05] * 3)
    time.sleep(0.07)
    begun = len(crowd.order)
    crowd.add("small", [0.001])
    crowd.end()
    assert crowd.order.index("small") <= begun + 1


def test_a_short_part_has_a_lane_beside_long_ones_under_way():
    crowd = Crowd()
    with Work(crowd.turns, LONG).turn(0.3):
        crowd.add("long too", [0.1])
        with Work(crowd.turns, LONG).turn(0.001):
            crowd.add("short too", [0.002])
            time.sleep(0.02)
            assert crowd.order == []
        time.sleep(0.02)
        assert crowd.order == ["short too"]
    crowd.end()
    assert crowd.order == ["short too", "long too"]
    assert (crowd.turns._long, crowd.turns._short) == (0, 0)


def test_a_short_part_waits_for_another_short_one():
    crowd = Crowd()
    with Work(crowd.turns, LONG).turn(0.01):
        crowd.add("short", [0.001])
        time.sleep(0.02)
        assert crowd.order == []
    crowd.end()
    assert crowd.order == ["short"]


def test_what_is_known_to_follow_counts_as_work():
    crowd = Crowd()
    with held(crowd):
        many = threading.Thread(target=one_of_many, args=(crowd, 0.001, 0.1))
        many.start()
        wait_for(crowd, 1)
        crowd.add("one", [0.002])
    many.join()
    assert crowd.order == ["one", "one of many"]


def test_nobody_waits_for_ever_behind_smaller_ones():
    crowd = Crowd()
    with held(crowd):
        crowd.add("large", [1e3], Work(crowd.turns, 2.0))  # due after a second
        time.sleep(1.0)
        crowd.add("smaller", [0.03])
    assert crowd.order == ["large", "smaller"]


def one_of_many(crowd, cost, later):
    with Work(crowd.turns, LONG).turn(cost, later):
        crowd.order.append("one of many")


def wait_for(crowd, count):
    until = time.monotonic() + 5
    while len(crowd.turns._waiting) < count and time.monotonic() < until:
        time.sleep(0.001)


def test_equal_works_take_turns():
    crowd = Crowd()
    with held(crowd):
        for name in "AB":
            crowd.add(name, [0.02] * 4)
    for end in range(8):  # up to what the clock is off by
        begun = crowd.order[: end + 1]
        assert abs(begun.count("A") - begun.count("B")) <= 2


def test_a_large_work_is_not_kept_out_by_many_small_ones():
    crowd = Crowd()
    with held(crowd):
        crowd.add("large", [0.02])
        for _ in range(4):
            crowd.add("small", [0.005] * 10)
    # It waits until each of the others has had about as much as its own part costs.
    assert 4 <= crowd.order.index("large") <= 4 * 4 + 4


def test_abandoned_and_overdue_works_end_before_their_next_part():
    crowd = Crowd()
    with held(crowd):
        left = crowd.add("left", [0.0])
        crowd.add("late", [0.0], Work(crowd.turns, 0.05))
        crowd.add("honest", [0.0])
        left.abandon()
        time.sleep(0.1)
    assert crowd.failed == {"left": AbandonedError, "late": OverdueError}
    assert crowd.order == ["honest"]


def test_an_overdue_work_says_its_time_in_one_line():
    with pytest.raises(OverdueError, match=r"within the 0 s .* fewer actions") as caught:
        Work(Turns(1), 0.0).check()
    assert "\n" not in str(caught.value)


def test_a_part_that_fails_gives_its_lane_back():
    turns = Turns(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), Work(turns, LONG).turn(None):
            raise ZeroDivisionError
    with Work(turns, 1.0).turn(float("nan")):
        pass


def test_as_many_parts_run_at_once_as_there_are_lanes():
    crowd = Crowd(lanes=2)
    meeting = threading.Barrier(2, timeout=5)
    met = []

    def run():
        with Work(crowd.turns, LONG).turn(None):
            met.append(meeting.wait())

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(met) == [0, 1]
