"""Calls cut into pieces: the same answer, short parts, and no work for nobody."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fag_tf.deployment.samples import Samples
from fag_tf.deployment.serving.pieces import Costs, in_pieces
from fag_tf.deployment.serving.turns import SHORT_SECONDS, AbandonedError, Turns, Work

LONG = 60.0


@pytest.fixture
def helpers():
    with ThreadPoolExecutor(4) as pool:
        yield pool


def inputs_of(states, actions):
    rng = np.random.default_rng(0)
    latent = rng.uniform(-1, 1, (states, actions, 2)).astype(np.float32)
    return {"latent": latent, "height": np.arange(states, dtype=np.float32)[:, None]}


def run(inputs):
    action = inputs["latent"] + inputs["height"][:, None, :]
    return Samples(action, action[..., 0], None)


def known(costs, seconds):
    for actions, each in seconds.items():
        for _ in range(2):  # the first is not counted
            costs.note(actions, each)
    return costs


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize(("states", "actions"), [(1, 1), (1, 300), (3, 64), (5, 1000)])
def test_the_answer_is_that_of_one_call(states, actions, lanes, helpers):
    work, inputs = Work(Turns(lanes), LONG), inputs_of(states, actions)
    costs = known(Costs(), {1024: 0.1, 512: 0.05, 256: 0.01})
    sizes = []

    def seen(own):
        sizes.append(own["latent"].shape[:2])
        return run(own)

    samples = in_pieces(seen, work, costs, helpers, lanes)(inputs)
    for got, wanted in zip(samples, run(inputs), strict=True):
        if wanted is None:
            assert got is None
        else:
            np.testing.assert_array_equal(got, wanted)
    assert all(number == 1 and size <= 256 for number, size in sizes) or actions == 300
    assert work.parts == 1  # a call is one execution for the statistics, however it is cut
    assert sum(size for _, size in sizes) == states * actions


def test_pieces_are_short_where_that_pays():
    costs = known(Costs(), {4096: 0.08, 2048: 0.04, 1024: 0.019})
    assert costs.step(4096) == costs.step(3000) == 1024
    assert costs.step(1024) == 1024
    assert Costs().step(4096) == 4096  # nobody knows what it takes
    once = known(Costs(), dict.fromkeys((64, 128, 256, 512), 0.05))  # all of it for the state
    assert once.step(512) == 256  # twice the work, and no more


def test_pieces_of_unknown_cost_are_taken_to_share_the_whole():
    costs = known(Costs(), {4096: 0.08})
    assert costs.step(4096) == 1024
    assert pytest.approx(0.08) == SHORT_SECONDS * 4


def test_a_size_that_was_slow_once_becomes_whole_again():
    costs = known(Costs(), {4096: 2.0})
    for _ in range(40):
        step = costs.step(4096)
        if step == 4096:
            break
        costs.note(step, 0.005 * step / 4096)
    assert step == 4096


def test_the_first_call_of_a_size_is_not_counted():
    costs = Costs()
    costs.note(100, 1.0)
    assert costs.expected(100) is None
    costs.note(100, 0.01)
    assert costs.expected(128) == 0.01
    assert costs.expected(1) is None
    costs.note(100, 0.02)
    assert costs.expected(128) == pytest.approx(0.0105)  # forgotten slowly


def test_states_share_the_lanes(helpers):
    meeting = threading.Barrier(2, timeout=5)

    def met(inputs):
        meeting.wait()
        return run(inputs)

    in_pieces(met, Work(Turns(2), LONG), Costs(), helpers, 2)(inputs_of(2, 1))


def test_who_has_left_costs_the_pieces_under_way_alone(helpers):
    work, calls = Work(Turns(2), LONG), []

    def left(inputs):
        calls.append(1)
        work.abandon()
        time.sleep(0.02)
        return run(inputs)

    with pytest.raises(AbandonedError):
        in_pieces(left, work, Costs(), helpers, 2)(inputs_of(20, 1))
    assert len(calls) <= 2


def test_a_failure_in_a_helping_thread_is_told(helpers):
    own = threading.get_ident()

    def failing(inputs):
        if threading.get_ident() != own:
            raise ZeroDivisionError
        time.sleep(0.05)
        return run(inputs)

    with pytest.raises(ZeroDivisionError):
        in_pieces(failing, Work(Turns(2), LONG), Costs(), helpers, 2)(inputs_of(2, 1))
