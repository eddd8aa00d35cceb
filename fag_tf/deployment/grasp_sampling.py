"""Saved models that take a picture and a gripper and give grasps, whoever trained them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.feasible_sampling import FeasibleSamples, draw_feasible
from fag_tf.deployment.model_card import ModelCard
from fag_tf.deployment.sample_files import samples_csv
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.verified_sampling import GraspSamples, draw_verified
from fag_tf.environments.planar_grasp.feasibility.reasons import ALL_BLOCKED
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS, Gripper
from fag_tf.environments.planar_grasp.scenes import Scene
from fag_tf.errors import InputError

__all__ = ["GraspModel", "image_size", "model_gripper"]

GREATEST_PICTURE = 4096

NONE_AS_TRACED = "none that the model gives holds by the outline traced in the picture"
"""Why there is no grasp of a picture, although the critic believes in some."""


class GraspModel:
    """A saved model of planar grasps.

    Args:
        saved: a loaded model.

    Attributes:
        saved: the loaded model.
        image_size: pixels of a side of the picture that the model takes.
        gripper: the default gripper of the model, see `model_gripper`.

    Raises:
        InputError: it does not take `image` and `gripper`, or does not give x, y and theta.
    """

    def __init__(self, saved: SavedModel) -> None:
        self.saved = saved
        self.image_size = image_size(saved)
        self.gripper = model_gripper(saved.card)

    @property
    def axes(self) -> Sequence[str]:
        """Names of a grasp's numbers."""
        return [axis.name for axis in self.saved.card.action_space.axes]

    def draw(
        self,
        scene: Scene,
        gripper: Gripper | None,
        count: int,
        seed: int,
        min_feasibility: float = 0.5,
        verified: bool = True,
    ) -> GraspSamples:
        """Draw grasps of one scene. Where its outline is known, all of them hold.

        Of a scene with an outline the grasps pass the exact rules, and the rules fill up what the
        model lacks, as `draw_verified` says. Of a picture they are what `draw_feasible` gives, and
        pass the exact rules for the outline that is traced in it. In either case no finger meets a
        neighbour of the scene.

        Args:
            scene: its picture has `image_size` pixels a side.
            gripper: the jaw; the model's own if None.
            count: grasps wanted.
            seed: of the noise.
            min_feasibility: the least critic's probability to keep; 0 keeps all.
            verified: False gives the model's own grasps, even where the outline is known or a
                neighbour is near.

        Raises:
            InputError: the gripper or the picture is not one that the model was trained on.
        """
        jaw = self.gripper if gripper is None else gripper
        observation = scene.observation(jaw)
        if verified and scene.part is not None:
            return draw_verified(
                self.saved,
                observation,
                scene.part,
                jaw,
                count,
                seed,
                min_feasibility,
                scene.neighbours,
            )
        accept = None
        if verified and (scene.neighbours or scene.traced is not None):

            def accept(_: int, actions: NDArray[np.float32]) -> NDArray[np.bool_]:
                return scene.holds_as_traced(actions, jaw)

        (found,) = draw_feasible(
            self.saved, observation, count, seed, min_feasibility, accept=accept
        )
        blocked = accept is not None and not len(found.action) and found.best >= min_feasibility
        reason = ALL_BLOCKED if scene.neighbours else NONE_AS_TRACED
        return GraspSamples(**vars(found), reason=reason if blocked else "")

    def csv(
        self, found: FeasibleSamples, more: Mapping[str, NDArray[np.floating]] | None = None
    ) -> str:
        """Grasps as CSV: x, y (m), theta (rad), feasibility and further columns `[n]` by name."""
        return samples_csv(self.axes, found.action, found.feasibility, more)


def image_size(saved: SavedModel) -> int:
    """Pixels of a side of the picture that a model takes.

    Raises:
        InputError: it does not take `image` and `gripper`, or does not give x, y and theta.
    """
    inputs = saved.card.observation_inputs
    if set(inputs) != {"image", "gripper"}:
        raise InputError(
            f"{saved.directory} takes {', '.join(inputs)}; this command draws grasps and needs a "
            "model that takes image and gripper (fag_tf.deployment.sampler runs any model)"
        )
    size = inputs["image"].shape[-2] if len(inputs["image"].shape) == 4 else 128
    if isinstance(size, int) and size > GREATEST_PICTURE:
        raise InputError(
            f"{saved.directory} takes pictures of {size} pixels a side; "
            f"at most {GREATEST_PICTURE} can be drawn"
        )
    needed = {"image": ("B", size, size, 1), "gripper": ("B", len(FIELDS))}
    for name, shape in needed.items():
        if inputs[name].shape != shape:
            raise InputError(
                f"{saved.directory} takes {name} of shape {inputs[name].shape}; this command "
                f"needs a model that takes {shape}"
            )
    axes = [axis.name for axis in saved.card.action_space.axes]
    if axes != ["x", "y", "theta"]:
        raise InputError(f"{saved.directory} gives {', '.join(axes)}, not grasps x, y, theta")
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
