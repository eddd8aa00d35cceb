"""Saved models: export, runtimes, batch sampling, fine-tuning, serving and the web page."""
