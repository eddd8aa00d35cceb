"""Feasible action generation: actors whose samples cover every feasible action evenly."""

__version__ = "0.1.0"
