"""A picture of motions: the arm, the spheres, and the arm after each sampled motion."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.figures import new_figure, save_figure
from fag_tf.environments.motion.colours import ACTOR, FEASIBLE, INFEASIBLE, OBSTACLE, verdict
from fag_tf.environments.motion.robot_arm.kinematics import link_ends
from fag_tf.environments.motion.robot_arm.rules import first_broken_rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d.axes3d import Axes3D

__all__ = ["bones", "draw_spheres", "dress", "motions_figure", "save_motions"]

MOST_MOTIONS = 64
"""Greatest number of motions in a picture. More cannot be told apart."""

_REACH = 0.9
_MESH = 20
# Two directions from which the picture is taken: elevation and azimuth, degrees.
_VIEWS = ((18, -55), (18, 35))

Array = NDArray[np.float64]


def motions_figure(joints: Array, spheres: Array, actions: NDArray[Any], title: str) -> "Figure":
    """Draw the arm after actions `[K, 7]`: feasible ones green, infeasible ones thin and red.

    Args:
        joints: joint angles `[7]`, rad.
        spheres: centres and radii `[20, 4]`, m.
        actions: samples, of which the first 64 are drawn.
        title: above the picture.
    """
    shown = np.asarray(actions[:MOST_MOTIONS], np.float64)
    feasible = first_broken_rule(joints[None], spheres[None], shown[None])[0] == 0
    now, after = bones(joints[None])[0], bones(joints + shown)
    figure = new_figure(10.4, 5.8)
    for number, (elevation, azimuth) in enumerate(_VIEWS, start=1):
        panel: Any = figure.add_subplot(1, 2, number, projection="3d", computed_zorder=False)
        draw_spheres(panel, spheres)
        styles = ((~feasible, INFEASIBLE, 0.6, 0.6), (feasible, FEASIBLE, 1.4, 0.3))
        for order, (chosen, colour, width, alpha) in enumerate(styles, start=3):
            for arm in after[chosen]:
                panel.plot(*arm.T, color=colour, linewidth=width, alpha=alpha, zorder=order)
        panel.plot(*now.T, color=ACTOR, linewidth=3.5, solid_capstyle="round", zorder=6)
        panel.plot(*now[:-1].T, "o", color="white", markeredgecolor=ACTOR, markersize=4, zorder=7)
        panel.view_init(elevation, azimuth)
        dress(panel)
        panel.set_zlabel("z (m)" if number == 2 else "")  # both would meet between the panels
    for colour, label, width in (
        (ACTOR, "the arm now", 3.5),
        (FEASIBLE, "after feasible motions", 2.0),
        (INFEASIBLE, "after infeasible motions", 1.0),
    ):
        panel.plot([], [], [], color=colour, linewidth=width, label=label)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.suptitle(
        f"{title}\n{verdict(int(feasible.sum()), len(shown))}", fontsize=11, parse_math=False
    )
    return figure


def bones(joints: Array) -> Array:
    """Corners of the line through all links of arms with joint angles `[n, 7]`: `[n, 9, 3]`, m."""
    ends = link_ends(joints.T)
    corners = [ends[0, 0], ends[0, 1], *ends[1:, 1], ends[3, 0]]
    order = (0, 1, 2, 3, 7, 4, 5, 6)  # from O4 over K to O5
    return np.stack([corners[place] for place in order]).transpose(2, 0, 1)


def draw_spheres(panel: "Axes3D", spheres: Array) -> None:
    """Draw spheres `[K, 4]`, centres and radii in m; radius 0 stands for none."""
    turn, tilt = np.meshgrid(np.linspace(0, 2 * np.pi, _MESH), np.linspace(0, np.pi, _MESH))
    unit = np.stack([np.cos(turn) * np.sin(tilt), np.sin(turn) * np.sin(tilt), np.cos(tilt)])
    for *centre, radius in spheres[spheres[:, 3] > 0.0]:
        surface = np.reshape(centre, (3, 1, 1)) + radius * unit
        panel.plot_surface(*surface, color=OBSTACLE, alpha=0.1, linewidth=0, zorder=1)


def dress(panel: "Axes3D") -> None:
    """Give a panel limits that hold any arm, equal scales and small labels."""
    panel.set(xlim=(-_REACH, _REACH), ylim=(-_REACH, _REACH), zlim=(-_REACH, _REACH))
    panel.set_box_aspect((1, 1, 1), zoom=1.05)
    panel.set(xlabel="x (m)", ylabel="y (m)")
    for axis in (panel.xaxis, panel.yaxis, panel.zaxis):
        axis.set_ticks([-0.5, 0.0, 0.5])
        axis.set_pane_color("#fafafa")
        axis.label.set_size(8)
        axis.labelpad = -4
    panel.tick_params(labelsize=7, pad=-1)
    panel.grid(visible=False)


def save_motions(
    path: str | os.PathLike[str],
    joints: Array,
    spheres: Array,
    actions: NDArray[Any],
    title: str,
) -> None:
    """Write `motions_figure` to a file.

    Raises:
        InputError: the file cannot be written.
    """
    save_figure(motions_figure(joints, spheres, actions, title), os.fspath(path))
