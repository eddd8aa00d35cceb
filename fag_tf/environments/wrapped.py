"""Environments that are another one in all but what they change."""

from typing import Any

from fag_tf.environments.base import Environment

__all__ = ["WrappedEnvironment"]


class WrappedEnvironment:
    """Another environment; a subclass writes what differs, all else is that one's own.

    What the inner one offers besides `Environment`, it offers too.

    Args:
        inner: the environment.
    """

    def __init__(self, inner: Environment) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name == "_inner":  # not there yet, as in a copy that is being made
            raise AttributeError(name)
        return getattr(self._inner, name)
