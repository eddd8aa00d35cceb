"""Details of a planar grasp model's card: workspace, frames and gripper."""

from typing import Any

import shapely

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS, RANGES, UNITS, Gripper
from fag_tf.environments.planar_grasp.workspace import LONGEST_SIDE, TABLE_SIDE, longest_side

__all__ = ["card_details"]


def card_details(
    gripper: Gripper | None = None, part: shapely.Polygon | None = None
) -> dict[str, Any]:
    """The `details` of `fag_tf.deployment.model_card.build_card`.

    Args:
        gripper: the only gripper of the training; None if training used all grippers in `RANGES`.
        part: the only part of the training, m; None if training used many parts.
    """
    sizes = list(LONGEST_SIDE) if part is None else [round(longest_side(part), 4)] * 2
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
            "side": TABLE_SIDE,
            "unit": "m",
            "frame": "origin at the centre, x to the right, y up",
            "pixel_centre": "x = -side/2 + (column + 0.5) side/W, y = side/2 - (row + 0.5) side/H",
            "object_longest_side": sizes,
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
