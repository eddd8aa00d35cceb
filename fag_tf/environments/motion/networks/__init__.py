"""Networks of the motion environments."""
