"""Decisions in several steps on Gymnasium: constrained tasks and agents that keep to them.

Importing this makes the tasks known to Gymnasium. It needs the extra `rl`. What else is public is
listed in the stub beside this file and loaded when it is first used.
"""

import lazy_loader

from fag_tf.rl.extras import import_gymnasium as _import_gymnasium

_import_gymnasium()

from fag_tf.rl.tasks.registry import register_tasks as _register_tasks  # noqa: E402

_register_tasks()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
