"""A motion of an arm with seven joints between spheres."""
