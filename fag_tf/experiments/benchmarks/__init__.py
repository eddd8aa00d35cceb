"""What the machine can do, measured: each figure beside its floor or alternative."""
