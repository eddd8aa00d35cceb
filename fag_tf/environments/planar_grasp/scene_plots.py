"""Figures of grasps on a scene."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper, as_gripper
from fag_tf.environments.planar_grasp.scenes import Scene
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(
    scene: Scene,
    actions: NDArray[Any],
    feasibility: NDArray[Any] | None = None,
    *,
    gripper: Gripper | str = DEFAULT_GRIPPER,
    title: str | None = None,
) -> "Figure":
    """A matplotlib figure of grasps on a scene, each jaw drawn to scale.

    The object is drawn as its outline; on the picture, if it was read from one.

    Args:
        scene: the object.
        actions: grasps `[N, 3]`: x, y in m and theta in rad, in the table's frame.
        feasibility: the critic's probabilities `[N]`, which give the colours. If None, all are 1.
        gripper: the jaw, or text for `parse_gripper`.
        title: title of the figure. If None, the scene's name and the number of grasps.

    Raises:
        InputError: the grasps are not `[N, 3]`, or the numbers of grasps and probabilities differ.
    """
    from fag_tf.environments.planar_grasp.images.drawing import grasp_figure

    if not isinstance(scene, Scene):
        raise InputError(f"{scene!r:.100} is no scene; fag.planar_grasp.scene makes one")
    actions = _finite("grasps", actions)
    if actions.ndim != 2 or actions.shape[1] != 3:
        raise InputError(f"grasps of one scene are an array [N, 3], not {list(actions.shape)}")
    if feasibility is not None:
        feasibility = _finite("feasibility", feasibility)
        if feasibility.shape != actions.shape[:1]:
            raise InputError(
                f"feasibility has the shape {list(feasibility.shape)}; of {len(actions)} grasps it "
                f"must be [{len(actions)}]"
            )
    jaw = as_gripper(gripper)
    if title is None:
        title = f"{scene.name}: {len(actions)} grasp" + "s" * (len(actions) != 1)
    backdrop = None if scene.backdrop is None else scene.backdrop()
    return grasp_figure(
        scene.image, actions, feasibility, jaw, str(title), backdrop, scene.outline()
    )


def _finite(name: str, values: Any) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be an array of numbers: {error}") from error
    if not np.all(np.isfinite(array)):
        raise InputError(f"{name} has values that are not finite numbers")
    return array
