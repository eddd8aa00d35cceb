"""Studies: one question each, answered by many independent training runs."""
