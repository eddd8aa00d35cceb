"""What goes wrong through a user's input, as opposed to a fault in the program."""

__all__ = ["InputError", "TrainingFailedError"]


class InputError(ValueError):
    """Something a user gave cannot be used.

    The message is one line that says what was wrong, with the value, and what would be right.
    The command line prints it alone and exits with code 2.
    """


class TrainingFailedError(InputError):
    """Training came to an end without a result: what was asked for cannot be learnt this way."""
