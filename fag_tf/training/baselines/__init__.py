"""Other ways to generate feasible actions, behind the same interface as the actor."""
