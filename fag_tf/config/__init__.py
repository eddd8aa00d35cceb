"""One typed configuration: its schema, parsing, schedules and validation."""
