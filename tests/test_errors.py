"""Messages of bad input are one line that steers no terminal, whatever they quote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fag_tf.errors import InputError


@given(st.text(max_size=50))
def test_a_message_is_one_printable_line(text):
    message = str(InputError(text))
    assert message.isprintable()
    assert len(message.splitlines()) <= 1


@pytest.mark.parametrize(
    ("quoted", "told"),
    [
        ("no x", "no x"),
        ("a\nb\r\nc", "a b c"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\ud800", "\\ud800"),
        ("größe 漢字", "größe 漢字"),
    ],
)
def test_what_is_not_printable_is_written_as_an_escape(quoted, told):
    assert str(InputError(quoted)) == told


def test_a_long_quotation_loses_its_middle():
    message = str(InputError("begin " + "x" * 10_000 + " end"))
    assert len(message) < 2100
    assert message.startswith("begin")
    assert message.endswith("end")
