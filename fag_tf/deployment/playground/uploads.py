"""Pictures that the page sends, as files for the readers of files."""

import base64
import binascii
import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from fag_tf.errors import InputError

__all__ = ["DRAWING_WORDS", "PICTURE_WORDS", "for_page", "picture_file"]

# The readers speak to users of the command line, of pictures in files; the page has controls of its
# own, and what is drawn on it has no width to get wrong.
PICTURE_WORDS = MappingProxyType(
    {
        r"look at the drawing, or give the silhouette \(--mask\)": "look at the outline",
        r"take the largest \(--largest\)": "tick “Take the largest object”",
        r"\(--width-m\)": "(“Width of the picture”)",
        r"is --width-m right": "is the width of the picture right",
    }
)
"""Patterns in what the readers say, and what the page says of a picture instead."""

DRAWING_WORDS = MappingProxyType(
    {
        r"shows (\d+) objects; .*": r"has \1 separate pieces; join them, or erase all but one",
        r"or take the largest \(--largest\)": "or erase all but one",
        r"shows no object: .* of its border": "fills the table; leave a margin around the part",
        r"shows no object: .*": "shows nothing; draw a part",
        r"the picture's edge": "the table's edge",
        r"is --width-m right\?": "better draw it within that",
        r"^object (.*) \(are its units right\?\)": r"\1; draw it larger",
    }
)
"""The same of what is drawn on the page's table."""


@contextlib.contextmanager
def picture_file(content: str, name: str, words: Mapping[str, str]) -> Iterator[Path]:
    """A picture in a file that lasts as long as the block.

    What the block says of it by an `InputError` names the picture as the user does.

    Args:
        content: the picture's file, in base64.
        name: what the user calls it.
        words: the page's, by pattern.

    Raises:
        InputError: it is no base64 text.
    """
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"{name} did not come whole; send its file in base64") from error
    with tempfile.TemporaryDirectory(prefix="fag-tf-") as folder:
        path = Path(folder) / "picture.png"  # what it is, its bytes tell
        path.write_bytes(data)
        try:
            yield path
        except InputError as error:
            raise InputError(for_page(str(error).replace(str(path), name), words)) from error


def for_page(text: str, words: Mapping[str, str]) -> str:
    """A sentence with the page's words in place of the command line's options."""
    for pattern, word in words.items():
        text = re.sub(pattern, word, text)
    return text
