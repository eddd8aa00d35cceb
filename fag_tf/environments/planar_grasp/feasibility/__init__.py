"""Which grasps hold: the exact rules, a plain form of them, and the truth on a grid."""
