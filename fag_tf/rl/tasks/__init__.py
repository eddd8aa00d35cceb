"""Gymnasium environments with constrained actions."""
