import base64

import pytest

from fag_tf.deployment.playground.uploads import PICTURE_WORDS, for_page, picture_file
from fag_tf.errors import InputError


def test_a_picture_is_a_file_for_the_block_alone():
    with picture_file(base64.b64encode(b"bytes").decode(), "part.png", PICTURE_WORDS) as path:
        assert path.read_bytes() == b"bytes"
    assert not path.exists()


def test_errors_name_the_picture_and_the_pages_fields():
    with (
        pytest.raises(InputError, match=r"^bolt\.jpg is wrong \(“Width of the picture”\)$"),
        picture_file("", "bolt.jpg", PICTURE_WORDS) as path,
    ):
        raise InputError(f"{path} is wrong (--width-m)")
    assert not path.exists()


@pytest.mark.parametrize("content", ["no base64!", "abc", "é"])
def test_what_is_no_base64_is_refused(content):
    with pytest.raises(InputError, match="base64"), picture_file(content, "x", {}):
        pass


def test_options_of_the_command_line_become_the_pages_words():
    assert for_page("take the largest (--largest); is --width-m right?", PICTURE_WORDS) == (
        "tick “Take the largest object”; is the width of the picture right?"
    )
