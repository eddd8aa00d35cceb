"""The command line: one module a command; parses, calls `fag_tf`, prints."""
