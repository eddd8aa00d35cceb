"""Pictures that the page sends, as files for the readers of files."""

import base64
import binascii
import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fag_tf.errors import InputError

__all__ = ["for_page", "picture_file"]

# The readers speak to users of the command line; the page has names of its own.
_OPTIONS = {
    r"\(--width-m\)": "(the picture's width)",
    r"\(--largest\)": "(largest object only)",
    "--width-m": "the picture's width",
    "--largest": "largest object only",
    "--units": "its units",
    "--scale": "its scale",
}


@contextlib.contextmanager
def picture_file(content: str, name: str) -> Iterator[Path]:
    """A picture in a file that lasts as long as the block.

    What the block says of it by an `InputError` names the picture as the user does.

    Args:
        content: the picture's file, in base64.
        name: what the user calls it.

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
            raise InputError(for_page(str(error).replace(str(path), name))) from error


def for_page(text: str) -> str:
    """A sentence with the page's names in place of the command line's options."""
    for option, name in _OPTIONS.items():
        text = re.sub(option, name, text)
    return text
