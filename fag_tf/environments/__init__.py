"""The contract of an environment, ground truth, and the environments that come with the package."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["planar_grasp"])
