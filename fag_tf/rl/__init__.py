"""Reinforcement learning on Gymnasium: tasks with constraints, and agents that keep them.

Importing this package registers the tasks with Gymnasium. It needs the extra `rl`. The other public
names are listed in the stub beside this file, and loaded when they are first used.
"""

import lazy_loader

from fag_tf.rl.extras import import_gymnasium as _import_gymnasium

_import_gymnasium()

from fag_tf.rl.tasks.registry import register_tasks as _register_tasks  # noqa: E402

_register_tasks()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
