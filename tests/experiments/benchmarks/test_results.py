import json

import pytest

from fag_tf.errors import InputError
from fag_tf.experiments.benchmarks.results import (
    Figure,
    NotMeasuredError,
    Target,
    rate_figure,
    time_figure,
)
from fag_tf.experiments.benchmarks.timing import Timings


@pytest.mark.parametrize(
    ("target", "value", "ratio", "met"),
    [
        (Target(1.3), 99.0, 1.3, True),
        (Target(1.3), 99.0, 1.31, False),
        (Target(4.0, most=False), 0.0, 4.0, True),
        (Target(4.0, most=False), 9.0, 3.9, False),
        (Target(3.0, of="value"), 2.9, 99.0, True),
        (Target(3.0, of="value"), 3.1, None, False),
        (Target(1.3), 1.0, None, None),
    ],
)
def test_a_target_is_held_against_ratio_or_value(target, value, ratio, met):
    assert target.met(value, ratio) is met
    assert Figure("f", value, "ms", ratio=ratio, target=target).met is met


def test_a_target_says_what_it_is_of():
    assert Target(1.3).text("ms") == "<= 1.3 x"
    assert Target(3.0, of="value").text("ms") == "<= 3 ms"
    assert Target(0.0, of="value").text("1") == "<= 0"
    assert Target(0.45, most=False).text("GFLOP/s") == ">= 0.45 x"


def test_without_target_nothing_is_met_or_missed():
    assert Figure("f", 1.0, "s").met is None


def test_json_has_the_promised_entries():
    figure = Figure("f", 2.0, "ms", (1.0, 3.0), "other", 4.0, 0.5, Target(1.3))
    assert json.loads(json.dumps(figure.to_json())) == {
        "name": "f",
        "value": 2.0,
        "unit": "ms",
        "reference": 4.0,
        "ratio": 0.5,
        "target": "<= 1.3 x",
        "met": True,
        "against": "other",
        "spread": [1.0, 3.0],
    }
    assert Figure("f", 2.0, "ms").to_json()["target"] is None


def test_a_time_is_given_in_its_unit_with_quartiles():
    measured, reference = Timings((0.001, 0.002, 0.003)), Timings((0.002, 0.004, 0.006))
    figure = time_figure("f", measured, "ms", "other", reference)
    assert (figure.value, figure.reference, figure.ratio) == pytest.approx((2.0, 4.0, 0.5))
    assert figure.spread == pytest.approx((1.5, 2.5))


def test_a_rate_is_work_over_time_and_faster_is_more():
    measured, reference = Timings((1.0, 2.0, 3.0)), Timings((2.0, 4.0, 6.0))
    figure = rate_figure("f", 10.0, measured, "1/s", "other", (5.0, reference))
    assert (figure.value, figure.reference, figure.ratio) == pytest.approx((5.0, 1.25, 4.0))
    assert figure.spread == pytest.approx((4.0, 10.0 / 1.5))


def test_a_rate_beside_nothing_done_has_no_ratio():
    assert rate_figure("f", 1.0, Timings((1.0,)), "1/s", "o", (0.0, Timings((1.0,)))).ratio is None


def test_what_cannot_be_measured_is_an_input_error():
    assert issubclass(NotMeasuredError, InputError)
