"""Errors that a user's input causes. A fault in the program raises other errors."""

__all__ = ["InputError", "TrainingFailedError"]

_MOST = 2000


class InputError(ValueError):
    """An input of the user that cannot be used.

    The message is one line. It names the wrong value and says which values are right. The command
    line prints only this message and exits with code 2.

    A message may quote text from a file of a stranger. A line break in it becomes a space. Other
    characters that are not printable, such as those that control a terminal, are written as
    escapes. The middle of a message longer than 2000 characters is left out.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(_one_line(str(message)))


class TrainingFailedError(InputError):
    """Training that ended without a result: it cannot learn what the user asked for."""


def _one_line(text: str) -> str:
    if not text.isprintable():
        text = " ".join(text.splitlines()).replace("\t", " ")
        text = "".join(
            each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
        )
    if len(text) > _MOST:
        text = f"{text[: _MOST // 2]} ... {text[-_MOST // 2 :]}"
    return text
