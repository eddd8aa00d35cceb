"""Environments of small vectors whose feasible sets are known exactly."""
