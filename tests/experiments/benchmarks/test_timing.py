import itertools

import pytest

from fag_tf.experiments.benchmarks.timing import (
    Timings,
    interleave,
    paired_ratio,
    rounds_within,
    seconds_of,
    sum_of,
)


class FakeClock:
    """Stands still but for what calls add to it."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def taking(self, *seconds):
        """A call that takes these times, one after the other and again from the start."""
        each = itertools.cycle(seconds)

        def call():
            self.now += next(each)

        return call


def test_a_call_takes_what_the_clock_says():
    clock = FakeClock()
    assert seconds_of(clock.taking(0.25), clock) == 0.25


def test_calls_take_turns_and_warm_up_untimed():
    clock, order = FakeClock(), []

    def call(name, seconds):
        def run():
            order.append(name)
            clock.now += seconds

        return run

    spent = interleave({"a": call("a", 1.0), "b": call("b", 2.0)}, 3, warmup=2, clock=clock)
    assert order == ["a", "b"] * 5
    assert spent == {"a": Timings((1.0,) * 3), "b": Timings((2.0,) * 3)}
    order.clear()
    calls = {"a": call("a", 1.0), "b": call("b", 2.0)}
    assert interleave(calls, 3, warmup=0, clock=clock, repeated=True) == spent
    assert order == ["a", "a", "b", "b"] * 3


def test_median_quartiles_and_percentiles():
    timings = Timings((5.0, 1.0, 2.0, 3.0, 4.0))
    assert timings.median == 3.0
    assert timings.spread == (2.0, 4.0)
    assert timings.percentile(100) == 5.0


def test_a_single_round_has_no_spread():
    assert Timings((1.0,)).spread is None
    assert Timings((1.0,)).median == 1.0


def test_a_ratio_is_of_times_of_the_same_round():
    # The machine is ten times as slow in some rounds, on both alike.
    load = [1.0, 10.0, 1.0, 10.0, 10.0]
    ours = Timings(tuple(2.0 * each for each in load))
    theirs = Timings(tuple(load))
    assert paired_ratio(ours, theirs) == pytest.approx(2.0)
    with pytest.raises(ValueError, match="zip"):
        paired_ratio(ours, Timings((1.0,)))


def test_sums_are_of_the_same_round_too():
    first, second = Timings((1.0, 2.0)), Timings((10.0, 20.0))
    assert sum_of([first, second]) == Timings((11.0, 22.0))
    assert sum_of([second, first], [1.0, -2.0]) == Timings((8.0, 16.0))


@pytest.mark.parametrize(("seconds", "rounds"), [(0.5, 20), (0.01, 50), (100.0, 3)])
def test_rounds_fill_the_budget_within_bounds(seconds, rounds):
    clock = FakeClock()
    # The first call compiles, say, and does not count.
    call = clock.taking(1000.0, seconds)
    assert rounds_within(10.0, call, least=3, most=50, clock=clock) == rounds
