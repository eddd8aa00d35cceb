import math

import numpy as np
import pytest

from fag_tf.experiments.studies.intervals import CONFIDENCE, Interval, mean_interval


def test_the_interval_is_students():
    interval = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    # t(0.975, 4) = 2.776445 from a table; the standard error is sqrt(2.5 / 5).
    half = 2.776445 * math.sqrt(0.5)
    assert interval.mean == 3.0
    assert interval.half_width == pytest.approx(half, rel=1e-6)
    assert interval.low == pytest.approx(3.0 - half)
    assert interval.number == 5


def test_it_holds_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    rows = rng.normal(2.0, 1.0, (2000, 5))
    held = [interval.low <= 2.0 <= interval.high for interval in map(mean_interval, rows)]
    # Three standard errors of a share of 2,000.
    assert np.mean(held) == pytest.approx(CONFIDENCE, abs=3 * math.sqrt(0.95 * 0.05 / 2000))


def test_what_is_not_defined_is_left_out():
    assert mean_interval([math.nan, 1.0, 3.0]).mean == 2.0
    one = mean_interval([math.nan, 4.0])
    assert one.mean == 4.0
    assert math.isnan(one.low)
    assert isinstance(one, Interval)
    none = mean_interval([math.nan])
    assert none.number == 0
    assert math.isnan(none.mean)
