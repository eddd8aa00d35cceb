"""Motion among obstacles: a vehicle's path, and an arm with seven joints."""
