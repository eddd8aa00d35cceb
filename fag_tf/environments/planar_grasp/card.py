"""What a planar grasp model's card says beyond shapes: workspace, frames and gripper."""

from typing import Any

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS, RANGES, UNITS, Gripper

__all__ = ["card_details"]


def card_details(side: float = 0.30, gripper: Gripper | None = None) -> dict[str, Any]:
    """The `details` of `fag_tf.cards.build_card`.

    Args:
        side: of the table, m.
        gripper: the only one that was trained with; None if all in `RANGES` were.
    """
    default = DEFAULT_GRIPPER if gripper is None else gripper
    ranges = {
        name: list(RANGES[name]) if gripper is None else [getattr(gripper, name)] * 2
        for name in FIELDS
    }
    components = [
        {
            "name": name,
            "unit": UNITS[name],
            "low": ranges[name][0],
            "high": ranges[name][1],
            "default": getattr(default, name),
        }
        for name in FIELDS
    ]
    return {
        "workspace": {
            "shape": "square table seen from above",
            "side": side,
            "unit": "m",
            "frame": "origin at the centre, x to the right, y up",
            "pixel_centre": "x = -side/2 + (column + 0.5) side/W, y = side/2 - (row + 0.5) side/H",
            "object_longest_side": [0.05, 0.17],
        },
        "gripper": {
            "kind": "parallel jaw",
            "names": list(FIELDS),
            "units": [UNITS[name] for name in FIELDS],
            "default": [getattr(default, name) for name in FIELDS],
            "ranges": ranges,
        },
        "inputs": {
            "image": {
                "description": "share of each pixel that the object covers; row 0 is the top",
                "components": [{"name": "occupancy", "unit": "1", "low": 0.0, "high": 1.0}],
            },
            "gripper": {
                "description": "the jaw; bounds are what the model was trained on",
                "components": components,
            },
        },
    }
