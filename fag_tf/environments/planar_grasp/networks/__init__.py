"""Actor and critic for planar grasps, and the features that they read from an image."""
