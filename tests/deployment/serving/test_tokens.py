import pytest

from fag_tf.deployment.serving.tokens import Token, read_token
from fag_tf.errors import InputError


@pytest.mark.parametrize("header", ["Bearer abc", b"Bearer abc", "bearer abc", "BEARER  abc "])
def test_the_token_is_admitted(header):
    assert Token("abc").admits(header)


@pytest.mark.parametrize(
    "header",
    [None, "", b"", "abc", "Bearer", "Bearer ", "Bearer ab", "Bearer abcd", "Basic abc", b"\xff"],
)
def test_nothing_else_is(header):
    assert not Token("abc").admits(header)


def test_it_is_read_from_a_file(tmp_path):
    (tmp_path / "token").write_text("  abc\n")
    assert read_token(tmp_path / "token").admits("Bearer abc")


@pytest.mark.parametrize("content", ["", " \n", "a b", "a\nb", "ä"])
def test_a_file_without_one_token_is_told(tmp_path, content):
    (tmp_path / "token").write_text(content)
    with pytest.raises(InputError, match=r"/token\b.*ASCII"):
        read_token(tmp_path / "token")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="/none"):
        read_token(tmp_path / "none")
