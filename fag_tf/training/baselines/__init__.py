"""Other methods to generate feasible actions, with the interface of the actor."""
