"""Work shared among processes of this machine, or among the nodes of a Ray cluster."""
