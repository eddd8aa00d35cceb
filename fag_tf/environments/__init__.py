"""The environments that ship: toys with analytic truth, and planar grasping."""
