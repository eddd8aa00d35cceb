"""The bearer token that a server may ask of its clients."""

import hashlib
import hmac
import os

from fag_tf._utils.files import read_text
from fag_tf.errors import InputError

__all__ = ["Token", "read_token"]


class Token:
    """A secret that requests must show as `Authorization: Bearer TOKEN`."""

    def __init__(self, secret: str) -> None:
        self._digest = hashlib.sha256(secret.encode()).digest()

    def admits(self, authorization: str | bytes | None) -> bool:
        """Whether a header shows the secret; takes as long for every wrong one."""
        if authorization is None:
            return False
        header = authorization.encode() if isinstance(authorization, str) else authorization
        scheme, _, shown = header.partition(b" ")
        same = hmac.compare_digest(hashlib.sha256(shown.strip()).digest(), self._digest)
        return same and scheme.lower() == b"bearer"


def read_token(path: str | os.PathLike[str]) -> Token:
    """The token in a file, without the white space around it.

    Raises:
        InputError: it cannot be read, or is empty, longer than a line or not printable ASCII.
    """
    secret = read_text(path).strip()
    if not (secret.isascii() and secret.isprintable() and secret and " " not in secret):
        raise InputError(f"{path} must hold one token: printable ASCII without spaces")
    return Token(secret)
