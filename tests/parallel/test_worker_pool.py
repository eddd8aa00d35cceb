from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fag_tf.errors import InputError
from fag_tf.parallel.worker_pool import Refusal, WorkerPool, refusable


class LostError(Exception):
    pass


class Played:
    """A worker in this process that computes x², and fails as it is told.

    Args:
        losses: its first tasks that end it.
        dead_starts: how often it ends before it can work; -1 for a start that never ends.
    """

    lost = (LostError,)

    def __init__(self, losses=0, dead_starts=0):
        self.losses, self.dead_starts = losses, dead_starts
        self.starts = self.tasks = self.closes = 0

    def start(self):
        self.starts += 1
        started = Future()
        if self.dead_starts < 0:
            return started
        if self.starts <= self.dead_starts:
            started.set_exception(LostError("gone"))
        else:
            started.set_result(None)
        return started

    def submit(self, task):
        self.tasks += 1
        computed = Future()
        if self.tasks <= self.losses:
            computed.set_exception(LostError("gone"))
        elif task is None:
            computed.set_result(Refusal("no number"))
        else:
            computed.set_result(task * task)
        return computed

    def close(self):
        self.closes += 1


@given(
    tasks=st.lists(st.integers(), max_size=30),
    losses=st.lists(st.integers(0, 2), min_size=1, max_size=5),
)
def test_results_come_in_order_for_any_number_of_workers_and_of_losses(tasks, losses):
    # At most two losses in all, so that no task can meet three.
    workers = [Played(losses=number if place == 0 else 0) for place, number in enumerate(losses)]
    assert WorkerPool(workers, "squares").map(tasks) == [task * task for task in tasks]
    assert all(worker.starts >= 1 for worker in workers)


def test_a_lost_worker_is_replaced_and_its_task_repeated():
    worker = Played(losses=2)
    assert WorkerPool([worker], "squares").map([1, 2, 3]) == [1, 4, 9]
    assert worker.starts == 3
    assert worker.tasks == 5


def test_a_worker_that_never_starts_holds_nobody_up():
    waiting, working = Played(dead_starts=-1), Played()
    assert WorkerPool([waiting, working], "squares").map([1, 2, 3]) == [1, 4, 9]
    assert (waiting.tasks, working.tasks) == (0, 3)


@pytest.mark.parametrize(
    ("worker", "task", "message"),
    [
        (Played(losses=9), 1, "squares: the same task ended 3 workers"),
        (Played(dead_starts=9), 1, "3 workers ended before they could work.*__main__"),
        (Played(), None, "^no number$"),
    ],
)
def test_what_cannot_go_on_is_told_in_one_line_and_ends_the_workers(worker, task, message):
    with pytest.raises(InputError, match=message):
        WorkerPool([worker], "squares").map([task])
    assert worker.closes == 1


def test_a_pool_that_was_closed_starts_again():
    worker = Played()
    pool = WorkerPool([worker], "squares")
    assert pool.map([2]) == [4]
    assert pool.map([3]) == [9]
    assert worker.starts == 1
    pool.close()
    assert pool.map([3]) == [9]
    assert worker.starts == 2


def test_only_an_input_error_is_a_refusal():
    assert refusable(int, "3") == 3
    with pytest.raises(ValueError, match="invalid literal"):
        refusable(int, "x")

    def refuse():
        raise InputError("wrong")

    assert refusable(refuse) == Refusal("wrong")
