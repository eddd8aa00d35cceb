"""What the page knows of the model and of what can be chosen, before anything is asked."""

from typing import Any

from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.environments.planar_grasp.gripper import FIELDS, PRESETS, UNITS
from fag_tf.environments.planar_grasp.parts.named import PART_NAMES

__all__ = ["describe"]

_WORDS = {
    "opening": "free width between the open pads",
    "pad_width": "width of a pad along the jaw",
    "finger_thickness": "thickness of a finger along the closing direction",
    "friction": "coefficient of friction",
    "compliance": "how deep a pad yields",
    "max_lever": "largest offset of the centre of mass along the pads",
}
_STEPS = 9


def describe(model: GraspModel) -> dict[str, Any]:
    """The model's name, the sliders and their ranges by its card, presets, parts and colours."""
    card = model.saved.card
    components = card.observation_inputs["gripper"].components
    ranges = {name: (part.low, part.high) for name, part in zip(FIELDS, components, strict=True)}
    usual = model.gripper
    sliders = []
    for name, (low, high) in ranges.items():
        factor, unit = (1e3, "mm") if UNITS[name] == "m" else (1.0, "")
        sliders.append(
            {
                "name": name,
                "words": _WORDS[name],
                "unit": unit,
                "factor": factor,
                "low": low,
                "high": high,
                "default": getattr(usual, name),
            }
        )
    presets = []
    for name, gripper in PRESETS.items():
        values = {field: getattr(gripper, field) for field in FIELDS}
        outside = [
            field
            for field, (low, high) in ranges.items()
            if low is not None
            and high is not None
            and not low - 1e-9 <= values[field] <= high + 1e-9
        ]
        presets.append({"name": name, "values": values, "outside": outside})
    return {
        "model": card.name,
        "version": model.saved.directory.name,
        "parts": list(PART_NAMES),
        "sliders": sliders,
        "presets": presets,
        "colours": _colours(),
    }


def _colours() -> list[str]:
    """Even steps of a colour map that reads without red and green, from unlikely to sure."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["viridis"](step / (_STEPS - 1))) for step in range(_STEPS)]
