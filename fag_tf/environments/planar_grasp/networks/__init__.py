"""Actor and critic for grasps, and what they read from a picture."""
