"""Planar parallel-jaw grasping: from a picture of an object to every grasp that holds it."""
