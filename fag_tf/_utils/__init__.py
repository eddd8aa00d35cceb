"""Private plumbing: files, and TensorFlow without its chatter."""
