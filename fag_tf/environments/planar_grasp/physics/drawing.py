"""The picture of simulated checks, drawn from the simulated poses alone, without OpenGL.

A row shows one grasp. On the left it is seen from above, when the jaw touches the part and when the
jaw has closed. On the right it is seen along the closing direction, after the lift and after the
shaking.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from fag_tf._utils.figures import new_figure
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.physics.settings import PhysicsSettings
from fag_tf.environments.planar_grasp.physics.simulation import GraspOutcome, Stage
from fag_tf.environments.planar_grasp.workspace import centred

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MOST_DRAWN", "outcome_figure"]

MOST_DRAWN = 8
"""Number of grasps that a figure has room for."""

_BEFORE, _AFTER, _FINGER = "#b9c4cf", "#2b6ca3", "#444444"
_HELD, _LOST = "#1b7837", "#b2182b"
_MM = 1e3


def outcome_figure(
    part: shapely.Polygon,
    gripper: Gripper,
    settings: PhysicsSettings,
    outcomes: Sequence[tuple[str, GraspOutcome]],
) -> "Figure":
    """A figure of up to `MOST_DRAWN` checks, one a row.

    Args:
        part: one valid polygon, m.
        gripper: the jaw.
        settings: the assumptions of the checks.
        outcomes: what each grasp is called, and its result; at least one.
    """
    shown = outcomes[:MOST_DRAWN]
    figure = new_figure(9.0, 3.0 * len(shown) + 0.7)
    rows = figure.subplots(len(shown), 2, squeeze=False)
    outline = centred(part)
    for (above, side), (name, outcome) in zip(rows, shown, strict=True):
        verdict = "holds" if outcome.holds else outcome.failure
        if outcome.closed:
            verdict += f", slips {_MM * outcome.slip:.2f} mm, turns {outcome.turn:.2f}°"
        above.set_title(f"{name}: {verdict}", color=_HELD if outcome.holds else _LOST, fontsize=10)
        side.set_title("seen along the closing direction", fontsize=10)
        stages = {stage.name: stage for stage in outcome.stages}
        _draw_above(above, outline, gripper, stages)
        _draw_side(side, outline, gripper, settings, stages)
    # One legend below all rows, since it would hide the part within any of them.
    labels = {
        "left: the jaw touches the part; right: lifted": Line2D([], [], color=_BEFORE),
        "left: the jaw has closed; right: shaken": Line2D([], [], color=_AFTER),
        "left: fingers; right: pad": Patch(color=_FINGER, alpha=0.5),
    }
    figure.legend(
        labels.values(), labels, loc="outside lower center", ncols=3, fontsize=8, frameon=False
    )
    return figure


def _draw_above(
    axes: "Axes", part: shapely.Polygon, gripper: Gripper, stages: dict[str, Stage]
) -> None:
    for name, colour in (("start", _BEFORE), ("closed", _AFTER)):
        if name not in stages:
            continue
        stage = stages[name]
        turned = shapely.transform(part, lambda xy, s=stage: _in_jaw(xy, s, 0.0)[:, :2])
        for ring in shapely.get_rings(turned):
            axes.plot(*(_MM * shapely.get_coordinates(ring)).T, color=colour, linewidth=1.6)
    last = stages.get("closed")
    if last is not None:
        for side in (-1.0, 1.0):
            near = side * last.half_width
            far = near + side * gripper.finger_thickness
            half = 0.5 * gripper.pad_width
            box = [(near, -half), (far, -half), (far, half), (near, half)]
            axes.fill(*(_MM * np.array(box)).T, color=_FINGER, alpha=0.7)
    _label(axes, "u (mm)", "v (mm)")


def _draw_side(
    axes: "Axes",
    part: shapely.Polygon,
    gripper: Gripper,
    settings: PhysicsSettings,
    stages: dict[str, Stage],
) -> None:
    half = 0.5 * settings.thickness
    for name, colour in (("lifted", _BEFORE), ("end", _AFTER)):
        if name not in stages:
            continue
        corners = shapely.get_coordinates(part)
        points = np.concatenate([_in_jaw(corners, stages[name], z) for z in (-half, half)])
        hull = shapely.convex_hull(shapely.multipoints(points[:, 1:]))
        axes.plot(*(_MM * shapely.get_coordinates(hull)).T, color=colour, linewidth=1.6)
    if "lifted" in stages or "end" in stages:
        pad = 0.5 * gripper.pad_width
        box = [(-pad, -half), (pad, -half), (pad, half), (-pad, half)]
        axes.fill(*(_MM * np.array(box)).T, color=_FINGER, alpha=0.25)
        _label(axes, "v (mm)", "up (mm)")
        return
    axes.text(0.5, 0.5, "the part was not lifted", ha="center", transform=axes.transAxes)
    axes.set_axis_off()


def _in_jaw(corners: NDArray[np.float64], stage: Stage, height: float) -> NDArray[np.float64]:
    """Points of the part at a height above its middle, in the frame of the jaw, `[n, 3]`."""
    points = np.column_stack([corners, np.full(len(corners), height)])
    return points @ stage.rotation.T + stage.place


def _label(axes: "Axes", x: str, y: str) -> None:
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.2)
