from .depth_scenes import scene_of_depth
from .gripper import Gripper, parse_gripper
from .scene_plots import plot
from .scenes import Scene, scene
from .states import GraspState

__all__ = ["GraspState", "Gripper", "Scene", "parse_gripper", "plot", "scene", "scene_of_depth"]
