"""Decisions in several steps on Gymnasium: constrained tasks and agents that keep to them."""
