"""A picture of paths: the map, and the vehicle's surroundings with the paths of samples."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.figures import new_figure, save_figure
from fag_tf.environments.motion.colours import ACTOR, FEASIBLE, INFEASIBLE, OBSTACLE, verdict
from fag_tf.environments.motion.spline_path.curve import LENGTH, positions
from fag_tf.environments.motion.spline_path.rules import first_broken_rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_map", "draw_vehicle", "paths_figure", "save_paths"]

MOST_PATHS = 256
"""Greatest number of paths in a picture. More cannot be told apart."""

_VIEW = 1.7 * LENGTH

Array = NDArray[np.float64]


def paths_figure(pose: Array, obstacles: Array, actions: NDArray[Any], title: str) -> "Figure":
    """Draw the paths of actions `[K, 5]`: feasible ones green, infeasible ones thin and red.

    Args:
        pose: position and heading `[4]`.
        obstacles: rectangles `[30, 4]`.
        actions: samples, of which the first 256 are drawn.
        title: above the picture.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.patches import Rectangle

    shown = np.asarray(actions[:MOST_PATHS], np.float64)
    feasible = first_broken_rule(pose[None], obstacles[None], shown[None])[0] == 0
    figure = new_figure(8.6, 5.4)
    whole, near = figure.subplots(1, 2, width_ratios=(1, 1.9))
    for panel in (whole, near):
        draw_map(panel, obstacles)
    paths = positions(pose, shown)
    styles = ((~feasible, INFEASIBLE, 0.6, "infeasible"), (feasible, FEASIBLE, 1.1, "feasible"))
    for order, (chosen, colour, width, label) in enumerate(styles, start=2):
        lines = LineCollection(
            list(paths[chosen]), colors=colour, linewidths=width, alpha=0.5, zorder=order
        )
        near.add_collection(lines)
        near.plot([], [], color=colour, linewidth=2 * width, label=f"{label} paths")
    for panel, size in ((whole, 0.03), (near, 0.012)):
        draw_vehicle(panel, pose, size)
    x, y = pose[:2]
    whole.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    near.set(xlim=(x - _VIEW, x + _VIEW), ylim=(y - _VIEW, y + _VIEW))
    frame = Rectangle((x - _VIEW, y - _VIEW), 2 * _VIEW, 2 * _VIEW)
    frame.set(fill=False, edgecolor=ACTOR, linewidth=1.0, linestyle=":", zorder=6)
    whole.add_patch(frame)
    near.legend(loc="upper right", fontsize=8, framealpha=0.9)
    figure.suptitle(
        f"{title}\n{verdict(int(feasible.sum()), len(shown))}", fontsize=11, parse_math=False
    )
    return figure


def draw_map(panel: "Axes", obstacles: Array) -> None:
    """Draw the square and rectangles `[K, 4]` in it; half width 0 stands for none."""
    from matplotlib.patches import Rectangle

    panel.set_aspect("equal")
    panel.set_facecolor("#d4d4d4")  # beyond the square
    panel.add_patch(Rectangle((0, 0), 1, 1, facecolor="white", edgecolor="#606060", zorder=0))
    for x, y, half_width, half_height in obstacles[obstacles[:, 2] > 0.0]:
        corner = (x - half_width, y - half_height)
        panel.add_patch(
            Rectangle(corner, 2 * half_width, 2 * half_height, color=OBSTACLE, zorder=1)
        )
    panel.tick_params(labelsize=8)


def draw_vehicle(panel: "Axes", pose: Array, size: float) -> None:
    """Draw an arrowhead of a size in sides of the square, its tip at the pose `[4]`."""
    from matplotlib.patches import Polygon

    ahead = pose[2:]
    left = np.array([-ahead[1], ahead[0]])
    corners = [pose[:2] + size * (f * ahead + s * left) for f, s in ((0, 0), (-2, 0.7), (-2, -0.7))]
    panel.add_patch(Polygon(corners, closed=True, facecolor=ACTOR, edgecolor="white", zorder=8))


def save_paths(
    path: str | os.PathLike[str],
    pose: Array,
    obstacles: Array,
    actions: NDArray[Any],
    title: str,
) -> None:
    """Write `paths_figure` to a file.

    Raises:
        InputError: the file cannot be written.
    """
    save_figure(paths_figure(pose, obstacles, actions, title), os.fspath(path))
