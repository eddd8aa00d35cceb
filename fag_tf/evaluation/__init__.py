"""Metrics of samples against the exact truth, and plots."""
