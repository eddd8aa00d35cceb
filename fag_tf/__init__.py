"""Feasible action generation: actors whose samples cover every feasible action evenly.

What is public is listed in the stub beside this file and loaded when it is first used.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
