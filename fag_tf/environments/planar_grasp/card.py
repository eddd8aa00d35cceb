"""What a planar grasp model's card says beyond shapes: workspace, frames and gripper."""

from typing import Any

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS, RANGES, UNITS

__all__ = ["card_details"]


def card_details(side: float = 0.30) -> dict[str, Any]:
    """The `details` of `fag_tf.cards.build_card` for grasps on a table of that side, m."""
    components = [
        {
            "name": name,
            "unit": UNITS[name],
            "low": RANGES[name][0],
            "high": RANGES[name][1],
            "default": getattr(DEFAULT_GRIPPER, name),
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
            "default": [getattr(DEFAULT_GRIPPER, name) for name in FIELDS],
            "ranges": {name: list(RANGES[name]) for name in FIELDS},
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
