"""Studies of many training runs, and benchmarks of speed."""
