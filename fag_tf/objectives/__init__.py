"""Kernel densities, f-divergences and the gradient estimator of the paper."""
