"""Saved models: export, runtimes, batch sampling, fine-tuning, serving, the page."""
