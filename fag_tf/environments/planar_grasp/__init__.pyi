from .gripper import Gripper, parse_gripper
from .images.drawing import plot
from .scenes import Scene, scene
from .states import GraspState

__all__ = ["GraspState", "Gripper", "Scene", "parse_gripper", "plot", "scene"]
