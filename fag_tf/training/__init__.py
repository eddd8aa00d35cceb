"""The training loop and its parts: collector, replay memory, learner, run on the disk."""
