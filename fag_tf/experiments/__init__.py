"""Studies of many runs, and benchmarks of speed."""
