"""Benchmarks of the machine: each figure is compared with a lower bound or an alternative."""
