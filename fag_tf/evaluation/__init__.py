"""Metrics against exact ground truth, and plots."""
