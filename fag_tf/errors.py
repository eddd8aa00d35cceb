"""Errors that a user's input causes. A fault in the program raises other errors."""

__all__ = ["InputError", "TrainingFailedError"]


class InputError(ValueError):
    """An input of the user that cannot be used.

    The message is one line. It names the wrong value and says which values are right. The command
    line prints only this message and exits with code 2.
    """


class TrainingFailedError(InputError):
    """Training that ended without a result: it cannot learn what the user asked for."""
