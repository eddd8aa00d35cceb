import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fag_tf.config.schedules import Schedule
from fag_tf.errors import InputError

shapes = st.sampled_from(["linear", "geometric", "cosine"])
values = st.floats(1e-6, 1e6)
shares = st.floats(0.0, 1.0)


@st.composite
def schedules(draw):
    begin, finish = sorted(draw(st.tuples(shares, shares).filter(lambda pair: pair[0] != pair[1])))
    return Schedule(draw(values), draw(values), draw(shapes), begin, finish)


@given(schedules())
def test_a_schedule_starts_at_its_start_and_ends_at_its_end(schedule):
    rounding = 1e-12 * max(schedule.start, schedule.end)
    for before in (-1.0, 0.0, schedule.begin):
        assert schedule(before) == pytest.approx(schedule.start, abs=rounding)
    for after in (schedule.finish, 1.0, 2.0):
        assert schedule(after) == pytest.approx(schedule.end, abs=rounding)


@given(schedules(), shares, shares)
def test_a_schedule_goes_one_way_and_stays_between_its_ends(schedule, one, other):
    earlier, later = schedule(min(one, other)), schedule(max(one, other))
    low, high = sorted((schedule.start, schedule.end))
    slack = 1e-9 * high
    assert low - slack <= earlier <= high + slack
    assert (later - earlier) * (schedule.end - schedule.start) >= -slack * high


@given(values)
def test_a_schedule_without_change_is_a_constant(value):
    assert Schedule(value, value)(0.37) == value


@pytest.mark.parametrize(
    ("shape", "middle"), [("linear", 50.5), ("geometric", 10.0), ("cosine", 50.5)]
)
def test_halfway_each_shape_is_at_its_own_middle(shape, middle):
    assert Schedule(1.0, 100.0, shape)(0.5) == pytest.approx(middle)
    assert Schedule(1.0, 100.0, shape, 0.2, 0.6)(0.4) == pytest.approx(middle)


def test_a_cosine_is_flat_at_both_ends_and_a_line_is_not():
    cosine, line = Schedule(0.0, 1.0, "cosine"), Schedule(0.0, 1.0)
    assert cosine(0.01) == pytest.approx(0.5 * (1 - math.cos(0.01 * math.pi)))
    assert cosine(0.01) < 0.001 < line(0.01)
    assert 1.0 - cosine(0.99) < 0.001 < 1.0 - line(0.99)


@given(shares.filter(lambda share: share <= 0.75))
def test_a_geometric_schedule_has_equal_ratios_in_equal_times(share):
    schedule = Schedule(0.4, 0.06, "geometric")
    ratio = schedule(share + 0.25) / schedule(share)
    assert ratio == pytest.approx((0.06 / 0.4) ** 0.25)


@pytest.mark.parametrize(
    ("begin", "finish"), [(0.5, 0.5), (0.6, 0.5), (-0.1, 0.5), (0.5, 1.1), (math.nan, 1.0)]
)
def test_a_schedule_that_does_not_run_forwards_within_training_is_refused(begin, finish):
    with pytest.raises(InputError, match=f"{begin}.*{finish}"):
        Schedule(1.0, 2.0, "linear", begin, finish)


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
def test_a_geometric_schedule_that_touches_zero_is_refused(start, end):
    with pytest.raises(InputError, match=f"geometric.*{start}.*{end}"):
        Schedule(start, end, "geometric")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("shape", ["linear", "cosine", "geometric"])
def test_ends_that_are_not_finite_are_refused(value, shape):
    with pytest.raises(InputError, match=f"{value}.*finite"):
        Schedule(value, 1.0, shape)
    with pytest.raises(InputError, match=f"{value}.*finite"):
        Schedule(1.0, value, shape)
