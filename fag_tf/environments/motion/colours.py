"""Colours that the pictures of both motion environments share."""

__all__ = ["ACTOR", "FEASIBLE", "INFEASIBLE", "OBSTACLE", "verdict"]

ACTOR = "#1b2a41"
FEASIBLE = "#2a8f4f"
INFEASIBLE = "#c23b22"
OBSTACLE = "#9aa3ad"


def verdict(feasible: int, count: int) -> str:
    """What the exact rules say of so many samples, as a line under a title."""
    return (
        f"{feasible} of the {count} drawn are feasible by the exact rules"
        if count
        else "none drawn"
    )
