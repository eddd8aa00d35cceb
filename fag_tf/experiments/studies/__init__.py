"""Studies: each answers one question with many independent training runs."""
