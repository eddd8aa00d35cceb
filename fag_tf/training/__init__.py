"""The training loop and its parts: collector, replay memory, learner and the run's folder."""
