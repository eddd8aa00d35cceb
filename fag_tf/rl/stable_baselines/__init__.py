"""Agents trained by Stable-Baselines3; only imported where it is installed."""
