"""Planar parallel-jaw grasping: from a picture of an object to every grasp that holds it.

What is public is listed in the stub beside this file and loaded when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
