"""The typed configuration of a run: its schema, parsing, schedules and validation."""
