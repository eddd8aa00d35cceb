"""Feasible action generation: actors whose samples cover every feasible action evenly.

What is public is listed in the stub beside this file and loaded when it is first used.
"""

import os.path as _path

import lazy_loader as _lazy_loader

__version__ = "0.2.0"

# In a source tree `cli` and `exported_models` lie beside this folder, and only building moves them
# into it. Python started in the tree's root with `-m` finds this folder before the installed one.
_folder = _path.dirname(_path.abspath(__file__))
_root = _path.dirname(_folder)
if not _path.exists(_path.join(_folder, "cli")) and all(
    _path.isfile(_path.join(_root, mark))
    for mark in ("pyproject.toml", "cli/main.py", "exported_models/__init__.py")
):
    __path__.append(_root)

__getattr__, __dir__, __all__ = _lazy_loader.attach_stub(__name__, __file__)
