import pytest

from fag_tf.deployment.http.parameters import shown, unit_share, whole_number
from fag_tf.errors import InputError


def test_numbers_may_come_as_text():
    assert whole_number({"n": "12"}, "n", 1, None) == 12
    assert unit_share({"p": "0.25"}, "p") == 0.25


def test_what_is_not_there_is_none():
    assert whole_number({}, "n", 1, None) is None
    assert unit_share({}, "p") is None


@pytest.mark.parametrize("value", [None, True, 1.0, 0, 11, "x", "²", [1], "9" * 30])
def test_what_is_no_whole_number_of_the_span_is_refused(value):
    with pytest.raises(InputError, match=r"^n\b.*\b1 to 10\b"):
        whole_number({"n": value}, "n", 1, 10)


@pytest.mark.parametrize("value", [None, True, -0.1, 1.1, "nan", float("inf"), "x", {}])
def test_what_is_no_share_is_refused(value):
    with pytest.raises(InputError, match=r"^p\b.*\[0, 1\]"):
        unit_share({"p": value}, "p")


def test_long_values_are_cut_short():
    assert len(shown("a" * 1000)) < 50
