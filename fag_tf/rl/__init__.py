"""Decisions in several steps on Gymnasium: constrained tasks and agents that keep to them.

What is public is listed in the stub beside this file and loaded when it is first used.
"""

import lazy_loader

from fag_tf.errors import InputError

try:
    import gymnasium  # noqa: F401
except ImportError as error:
    raise InputError(
        "fag_tf.rl needs Gymnasium, which is not installed: pip install 'fag-tf[rl]'"
    ) from error

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
