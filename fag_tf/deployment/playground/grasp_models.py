"""Saved models that take a picture and a gripper and give grasps, whoever trained them."""

from fag_tf.deployment.model_card import ModelCard
from fag_tf.deployment.sampler import SavedModel
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS, Gripper
from fag_tf.errors import InputError

__all__ = ["image_size", "model_gripper"]

GREATEST_PICTURE = 4096


def image_size(sampler: SavedModel) -> int:
    """Pixels of a side of the picture that a model takes.

    Raises:
        InputError: it does not take `image` and `gripper`, or does not give x, y and theta.
    """
    inputs = sampler.card.observation_inputs
    if set(inputs) != {"image", "gripper"}:
        raise InputError(
            f"{sampler.directory} takes {', '.join(inputs)}; this command draws grasps and needs a "
            "model that takes image and gripper (fag_tf.deployment.sampler runs any model)"
        )
    size = inputs["image"].shape[-2] if len(inputs["image"].shape) == 4 else 128
    if isinstance(size, int) and size > GREATEST_PICTURE:
        raise InputError(
            f"{sampler.directory} takes pictures of {size} pixels a side; "
            f"at most {GREATEST_PICTURE} can be drawn"
        )
    needed = {"image": ("B", size, size, 1), "gripper": ("B", len(FIELDS))}
    for name, shape in needed.items():
        if inputs[name].shape != shape:
            raise InputError(
                f"{sampler.directory} takes {name} of shape {inputs[name].shape}; this command "
                f"needs a model that takes {shape}"
            )
    axes = [axis.name for axis in sampler.card.action_space.axes]
    if axes != ["x", "y", "theta"]:
        raise InputError(f"{sampler.directory} gives {', '.join(axes)}, not grasps x, y, theta")
    return int(size)


def model_gripper(card: ModelCard) -> Gripper:
    """The gripper that a model takes for granted: by its card, the only one it knows or its usual.

    A number that the card says nothing of is the default gripper's.
    """
    values = {}
    for name, part in zip(FIELDS, card.observation_inputs["gripper"].components, strict=True):
        known = part.low if part.low is not None and part.low == part.high else part.default
        values[name] = getattr(DEFAULT_GRIPPER, name) if known is None else float(known)
    return Gripper(**values)
