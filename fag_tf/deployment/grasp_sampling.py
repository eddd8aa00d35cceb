"""Saved models that take a picture and a gripper and give grasps, whoever trained them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fag_tf.deployment.feasible_sampling import FeasibleSamples, draw_feasible
from fag_tf.deployment.model_card import ModelCard
from fag_tf.deployment.sample_files import samples_csv
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.verified_sampling import GraspSamples, draw_verified
from fag_tf.deployment.viewed_model import ViewedModel
from fag_tf.environments.planar_grasp.feasibility.reasons import reason_for_none
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, FIELDS, Gripper
from fag_tf.environments.planar_grasp.table_scene import Scene
from fag_tf.environments.planar_grasp.views import View
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.errors import InputError

__all__ = ["GraspModel", "image_size", "model_gripper"]

GREATEST_PICTURE = 4096
_SLACK = 1.01  # pixels round


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
        """Draw grasps of one scene. If its outline is known, all of them hold.

        If the outline is known, the grasps pass the exact rules, and the rules draw those that the
        model lacks; see `draw_verified`. For a picture, the grasps are those of `draw_feasible`
        with `acceptance`, and hold on the outline that is traced in the picture. In both cases no
        finger touches a neighbour. The model sees the scene as `view` returns it.

        Args:
            scene: its picture has `image_size` pixels a side.
            gripper: the jaw; the model's own if None.
            count: grasps wanted.
            seed: of the noise.
            min_feasibility: the least critic's probability to keep; 0 keeps all.
            verified: False gives the model's own grasps, even if the outline is known or there are
                neighbours.

        Raises:
            InputError: the gripper or the picture is not one that the model was trained on.
        """
        jaw = self.gripper if gripper is None else gripper
        view = self.view(scene, jaw)
        model = self.saved if view.is_table else ViewedModel(self.saved, view)
        observation = view.observation()
        if verified and scene.part is not None:
            return draw_verified(
                model,
                observation,
                scene.part,
                jaw,
                count,
                seed,
                min_feasibility,
                scene.obstacles,
            )
        accept = self.acceptance(scene, view, jaw, verified)
        (found,) = draw_feasible(
            model,
            observation,
            count,
            seed,
            min_feasibility,
            accept=lambda _, actions: accept(actions),
        )
        reason, outline = "", scene.outline()
        rated = not len(found.action) and found.best >= min_feasibility
        if verified and outline is not None and rated:
            reason = reason_for_none(outline, jaw, scene.obstacles)
        traced = verified and scene.traced is not None
        return GraspSamples(**vars(found), traced=traced, reason=reason)

    def acceptance(
        self, scene: Scene, view: View, gripper: Gripper, verified: bool = True
    ) -> Callable[[NDArray[np.float32]], NDArray[np.bool_]]:
        """A further condition on grasps `[n, 3]` of a picture, `[n]`.

        The midpoint lies on the table, and `Scene.holds_as_traced` is true.

        Args:
            scene: of the picture.
            view: how the model sees it.
            gripper: the jaw.
            verified: False asks only that the midpoint lies on the table.
        """

        def accept(actions: NDArray[np.float32]) -> NDArray[np.bool_]:
            good = view.on_table(actions)
            if verified:
                good[good] = scene.holds_as_traced(actions[good], gripper)
            return good

        return accept

    def view(self, scene: Scene, gripper: Gripper) -> View:
        """How the model sees a scene.

        Raises:
            InputError: the object is too large to be seen with this gripper.
        """
        components = self.saved.card.observation_inputs["gripper"].components
        ranges = {
            name: (part.low, part.high) for name, part in zip(FIELDS, components, strict=True)
        }
        view = scene.view(gripper, ranges)
        if scene.part is None and scene.traced is not None:
            x0, y0, x1, y1 = scene.traced.bounds
            extent, most = max(x1 - x0, y1 - y0), TABLE_SIDE / view.scale
            if extent > most * _SLACK:
                raise InputError(
                    f"the object in {scene.name} is {extent:.3g} m long; with this gripper the "
                    f"model sees up to {most:.3g} m (is the width of the picture right?)"
                )
        return view

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
            f"{saved.directory} takes {', '.join(inputs)}, and grasps need a model that takes "
            f"image and gripper; draw its actions by fag-tf serve, or in Python by "
            f"fag.load_model({str(saved.directory)!r}).sample(observation, 64)"
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
