"""Pictures of the tasks of motion: where the vehicle or the arm is, and what it has to reach."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.figures import new_figure
from fag_tf.environments.motion.colours import ACTOR, FEASIBLE
from fag_tf.environments.motion.robot_arm.drawing import bones, draw_spheres, dress
from fag_tf.environments.motion.robot_arm.environment import ArmState
from fag_tf.environments.motion.robot_arm.kinematics import frames
from fag_tf.environments.motion.spline_path.drawing import draw_map, draw_vehicle
from fag_tf.environments.motion.spline_path.environment import PathState

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["arm_figure", "path_figure"]

_SIDE = 4.8
_NEXT = "#d98e04"
_AXES = ("#c23b22", "#2a8f4f", "#2f5fb3")
_AXIS_LENGTH = 0.15

Array = NDArray[np.float64]


def path_figure(
    state: PathState, goals: Array, collected: int, radius: float, trail: Sequence[Array]
) -> "Figure":
    """A map: the vehicle, the paths it has driven, and the goals with their numbers.

    Args:
        state: the environment's state.
        goals: places `[K, 2]` in their order.
        collected: how many of them, from the first on, are collected; they are green.
        radius: within which a goal is collected.
        trail: points `[P, 2]` of each driven path.
    """
    from matplotlib.patches import Circle

    figure = new_figure(_SIDE, _SIDE)
    panel = figure.subplots()
    draw_map(panel, state.obstacles)
    for number, place in enumerate(goals):
        colour = FEASIBLE if number < collected else _NEXT
        is_next = number == collected
        disc = Circle(tuple(place), radius, facecolor=colour, edgecolor=ACTOR, zorder=3)
        disc.set(alpha=0.95 if is_next else 0.45, linewidth=2.0 if is_next else 0.0)
        panel.add_patch(disc)
        panel.text(
            place[0], place[1], str(number + 1), ha="center", va="center", fontsize=8, zorder=5
        )
    if trail:
        panel.plot(*np.concatenate(trail).T, color=ACTOR, linewidth=1.3, zorder=4)
    draw_vehicle(panel, state.pose, 0.02)
    panel.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xticks=[], yticks=[])
    panel.set_title(f"{collected} of {len(goals)} goals collected", fontsize=10)
    return figure


def arm_figure(
    state: ArmState,
    goal: tuple[Array, Array],
    trail: Array,
    left: tuple[float, float],
) -> "Figure":
    """The arm among the spheres, with the axes of its flange (thin) and of the goal (thick).

    Args:
        state: the environment's state.
        goal: position `[3]` and rotation matrix `[3, 3]` of the goal, m.
        trail: places `[P, 3]` where the flange has been, m.
        left: distance and angle to the goal, m and rad.
    """
    figure = new_figure(_SIDE, _SIDE)
    panel: Any = figure.add_subplot(projection="3d", computed_zorder=False)
    draw_spheres(panel, state.spheres)
    arm = bones(state.joints[None])[0]
    panel.plot(*trail.T, color=_NEXT, linewidth=1.3, zorder=4)
    panel.plot(*arm.T, color=ACTOR, linewidth=3.5, solid_capstyle="round", zorder=6)
    panel.plot(*arm[:-1].T, "o", color="white", markeredgecolor=ACTOR, markersize=4, zorder=7)
    *_, flange = frames(state.joints[:, None])
    own = np.column_stack([flange.x, flange.y, flange.z])
    for (place, axes), width in (((flange.origin[:, 0], own), 1.2), (goal, 3.0)):
        for axis, colour in zip(axes.T, _AXES, strict=True):
            ends = np.stack([place, place + _AXIS_LENGTH * axis])
            panel.plot(*ends.T, color=colour, linewidth=width, zorder=8)
    panel.plot(*goal[0][:, None], "o", color=_NEXT, markeredgecolor=ACTOR, markersize=7, zorder=9)
    panel.view_init(18, -55)
    dress(panel)
    panel.set_box_aspect((1, 1, 1), zoom=0.95)
    panel.set_zlabel("z (m)")
    distance, angle = left
    panel.set_title(f"{distance:.2f} m and {np.degrees(angle):.0f}° to the goal", fontsize=10)
    return figure
