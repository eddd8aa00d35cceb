"""The bearer token that a server may require of its clients."""

import hashlib
import hmac
import os

from fag_tf._utils.files import read_text
from fag_tf.errors import InputError

__all__ = ["Token", "read_token"]


class Token:
    """A secret that requests must send as `Authorization: Bearer TOKEN`."""

    def __init__(self, secret: str) -> None:
        self._digest = hashlib.sha256(secret.encode()).digest()

    def admits(self, authorization: str | bytes | None) -> bool:
        """Whether a header holds the secret; the time does not depend on the wrong characters."""
        if authorization is None:
            return False
        header = authorization.encode() if isinstance(authorization, str) else authorization
        scheme, _, shown = header.partition(b" ")
        same = hmac.compare_digest(hashlib.sha256(shown.strip()).digest(), self._digest)
        return same and scheme.lower() == b"bearer"


def read_token(path: str | os.PathLike[str]) -> Token:
    """Read the token in a file, without the white space around it.

    Raises:
        InputError: the file cannot be read, is empty, is longer than a line or is not printable
            ASCII.
    """
    secret = read_text(path).strip()
    if not (secret.isascii() and secret.isprintable() and secret and " " not in secret):
        raise InputError(f"{path} must hold one token: printable ASCII without spaces")
    return Token(secret)
