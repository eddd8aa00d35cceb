"""Private helpers for files and for the import of TensorFlow."""
