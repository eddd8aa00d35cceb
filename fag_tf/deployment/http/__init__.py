"""What the servers of this package share, whatever they serve."""
