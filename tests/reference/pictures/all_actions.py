"""Draws docs/pictures/all_actions.png: all grasps of one part, and all paths of one map.

python tests/reference/pictures/all_actions.py [FILE]

Both come from the shipped models. Whatever the exact rules refuse is left out and counted.
"""

import sys
from colorsys import hls_to_rgb

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch, Polygon, Rectangle
from matplotlib.path import Path
from PIL import Image

import fag_tf as fag
from fag_tf._utils.figures import new_figure, save_figure
from fag_tf.environments.motion.spline_path.curve import LENGTH, positions

PAPER, INK, SOLID = "#fbfbf9", "#1b2a41", "#c9ced4"
MAPS, MAP = 60, 42  # so many maps of seed 0, and the one that is drawn
DRAWN = 300


def draw_grasps(panel):
    """Every grasp as the line between its pads, coloured by the closing direction."""
    scene = fag.planar_grasp.scene("C")
    actions = fag.load_model().sample(scene.observation(), DRAWN, seed=0)[0][0]
    environment = fag.make_environment("planar_grasp")
    actions = actions[environment.feasibility([scene.state()], actions[None])[0]]
    rings = [scene.part.exterior, *scene.part.interiors]
    part = Path.make_compound_path(*(Path(1e3 * np.asarray(ring.coords)) for ring in rings))
    panel.add_patch(PathPatch(part, facecolor=SOLID, edgecolor=INK, linewidth=0.8, zorder=1))
    middle, angle = 1e3 * actions[:, :2], actions[:, 2]
    along = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    ends = np.array([[-9.0], [9.0]])  # mm on either side of the middle
    lines = middle[:, None] + ends * along[:, None]
    colours = [hls_to_rgb(turn, 0.42, 0.65) for turn in angle / np.pi]
    panel.add_collection(LineCollection(list(lines), colors=colours, linewidths=0.8, alpha=0.8))
    panel.scatter(*middle.T, s=5, color=colours, linewidths=0, zorder=3)
    shown = np.concatenate([lines.reshape(-1, 2), part.vertices])
    (left, low), (right, high) = shown.min(axis=0) - 2, shown.max(axis=0) + 2
    panel.set(xlim=(left, right), ylim=(low, high))
    panel.set_title(f"{len(actions)} of {DRAWN} grasps hold", fontsize=11, color=INK)


def draw_paths(panel):
    """Every path of one map, coloured by where it ends."""
    environment, model = fag.make_environment("spline_path"), fag.load_model("spline_path")
    state = environment.draw_states(np.random.default_rng(0), MAPS)[MAP]
    actions = model.sample(environment.observe([state]), DRAWN, seed=0)[0]
    actions = actions[0][environment.feasibility([state], actions)[0]]
    for x, y, half_width, half_height in state.obstacles:
        corner = (x - half_width, y - half_height)
        panel.add_patch(
            Rectangle(
                corner,
                2 * half_width,
                2 * half_height,
                facecolor=SOLID,
                edgecolor=INK,
                linewidth=0.8,
            )
        )
    paths = positions(state.pose, actions)
    (cos, sin), away = state.pose[2:], paths[:, -1] - state.pose[:2]
    bearing = np.arctan2(away @ [-sin, cos], away @ [cos, sin])
    rank = np.argsort(np.argsort(bearing)) / len(bearing)
    colours = [hls_to_rgb(0.85 * each, 0.42, 0.65) for each in rank]
    panel.add_collection(LineCollection(list(paths), colors=colours, linewidths=0.7, alpha=0.6))
    ahead, left = state.pose[2:], np.array([-sin, cos])
    nose = [
        state.pose[:2] + 0.012 * (f * ahead + s * left) for f, s in ((0, 0), (-2, 0.8), (-2, -0.8))
    ]
    panel.add_patch(Polygon(nose, facecolor=INK, edgecolor=PAPER, zorder=5))
    (x, y), view = state.pose[:2], 1.55 * LENGTH
    panel.set(xlim=(x - view, x + view), ylim=(y - view, y + view))
    panel.set_title(f"{len(actions)} of {DRAWN} paths are free", fontsize=11, color=INK)


def main(path):
    figure = new_figure(8.4, 4.1)
    figure.set_facecolor(PAPER)
    for panel, draw in zip(figure.subplots(1, 2), (draw_grasps, draw_paths), strict=True):
        panel.set_aspect("equal", adjustable="box")
        panel.set_facecolor(PAPER)
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
        draw(panel)
    save_figure(figure, path, dpi=130)
    # A palette of 255 colours makes the file a third as large and looks the same.
    Image.open(path).convert("RGB").quantize(255).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures/all_actions.png")
