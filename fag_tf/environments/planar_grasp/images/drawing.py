"""The picture of grasps on an object: each a jaw drawn to scale, coloured by its feasibility."""

import os
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf._utils.files import write_atomically
from fag_tf.environments.planar_grasp.fingers import at_grasps, closing_line, open_fingers
from fag_tf.environments.planar_grasp.gripper import DEFAULT_GRIPPER, Gripper
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure
    from matplotlib.patches import PathPatch

    from fag_tf.environments.planar_grasp.images.placement import Backdrop

__all__ = [
    "draw_backdrop",
    "draw_grasps",
    "draw_legend",
    "draw_outline",
    "grasp_figure",
    "least_shown",
    "save_overlay",
    "shape_patch",
    "spread",
]

MOST_JAWS = 16  # whole jaws that can be told apart in one picture
JAWS_AMONG_TICKS = 8
TURN_LENGTH = 0.04  # m: how far apart two grasps are that differ by a quarter turn
COLOURS = "viridis_r"  # even steps to the eye; sure grasps are the dark ones, to stand out on grey
OUTLINE = "#d62728"
MM = 1e3
_PALE = 0.62  # share of a picture's contrast that is left under the grasps


def spread(actions: NDArray[Any], count: int) -> NDArray[np.intp]:
    """Indices of up to `count` of the grasps `[N, 3]`, each far from those before it.

    Starts with the first. Distance is in x, y and theta, of period pi.
    """
    xy = np.asarray(actions, np.float64)[:, :2]
    # Twice the angle: then half a turn is a whole one.
    turns = 0.5 * TURN_LENGTH * np.exp(2j * np.asarray(actions, np.float64)[:, 2])
    points = np.column_stack([xy, turns.real, turns.imag])
    if len(points) == 0 or count < 1:
        return np.empty(0, np.intp)
    chosen = [0]
    nearest = np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(chosen, np.intp)


def _view(occupancy: NDArray[Any], points: NDArray[np.float64]) -> tuple[float, float, float]:
    """Centre and half side of the square that shows the object and the points, mm."""
    size = len(occupancy)
    row, column = np.nonzero(occupancy > 0)
    pixel = MM * TABLE_SIDE / size
    x = np.concatenate([(column + 0.5 - size / 2) * pixel, points[:, 0]])
    y = np.concatenate([(size / 2 - row - 0.5) * pixel, points[:, 1]])
    if x.size == 0:
        return 0.0, 0.0, 0.5 * MM * TABLE_SIDE
    half = 0.5 * max(np.ptp(x), np.ptp(y)) * 1.06 + 2 * pixel
    return float(x.min() + x.max()) / 2, float(y.min() + y.max()) / 2, float(half)


def draw_grasps(
    axes: "Axes",
    occupancy: NDArray[Any],
    actions: NDArray[Any],
    feasibility: NDArray[Any] | None = None,
    gripper: Gripper = DEFAULT_GRIPPER,
    backdrop: "Backdrop | None" = None,
    outline: shapely.Polygon | None = None,
) -> "ScalarMappable":
    """Draw grasps on an object: up to 16 as whole jaws; of more, 8 far apart, the rest as ticks.

    A tick is a short piece of the closing line about the centre.

    Args:
        axes: where to draw.
        occupancy: the object on the table, `[H, H]`, row 0 on top.
        actions: grasps `[N, 3]`, m and rad.
        feasibility: `[N]` in [0, 1]; all 1 if not given.
        gripper: the jaw.
        backdrop: the picture that shows the object.
        outline: the object's outline, m, to be drawn on the backdrop; without a backdrop it is
            filled with grey. The occupancy is drawn if there is neither.

    Returns:
        What a colour bar needs.
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    actions = np.asarray(actions, np.float64).reshape(-1, 3)
    sure = np.ones(len(actions)) if feasibility is None else np.asarray(feasibility, np.float64)
    mappable = ScalarMappable(Normalize(least_shown(sure), 1.0), colormaps[COLOURS])
    colours = mappable.to_rgba(sure)

    side = 0.5 * MM * TABLE_SIDE
    grey = LinearSegmentedColormap.from_list("object", ["#ffffff", "#c4c8cc"])
    if backdrop is None and outline is not None:
        axes.add_patch(shape_patch(outline))
    elif backdrop is None:
        axes.imshow(occupancy, grey, vmin=0, vmax=1, extent=(-side, side, -side, side), zorder=0)
    else:
        draw_backdrop(axes, backdrop)
        if outline is not None:
            draw_outline(axes, outline)

    whole = spread(actions, MOST_JAWS if len(actions) <= MOST_JAWS else JAWS_AMONG_TICKS)
    rest = np.setdiff1d(np.arange(len(actions)), whole)
    rest = rest[np.argsort(sure[rest])]  # the surest on top
    room = np.clip(200 / max(len(rest), 1), 0.0, 1.0) ** 0.5  # 1 for few grasps, small for many
    tick = (0.002 + 0.002 * room) * np.array([[-1.0, 0.0], [1.0, 0.0]])
    ticks = MM * at_grasps(actions[rest], tick)
    axes.add_collection(
        LineCollection(
            list(ticks),
            colors=list(colours[rest]),
            linewidths=0.4 + 0.9 * room,
            alpha=0.3 + 0.55 * room,
            capstyle="round",
            zorder=2,
        )
    )

    fingers = MM * at_grasps(actions[whole], open_fingers(gripper))
    closing = MM * at_grasps(actions[whole], closing_line(gripper))
    strong = 1.5 if len(whole) <= 4 else 1.0
    for corners in fingers.swapaxes(0, 1):
        axes.add_collection(
            PolyCollection(
                list(corners),
                facecolors=[(*colour[:3], 0.3) for colour in colours[whole]],
                edgecolors=list(colours[whole]),
                linewidths=strong,
                zorder=3,
            )
        )
    axes.add_collection(
        LineCollection(list(closing), colors=list(colours[whole]), linewidths=strong, zorder=3)
    )
    centres = MM * actions[whole, :2]
    axes.scatter(
        centres[:, 0], centres[:, 1], s=9 * strong, c=colours[whole], linewidths=0, zorder=4
    )

    shown = np.concatenate([fingers, closing, ticks], axis=None).reshape(-1, 2)
    x, y, half = _view(occupancy, shown)
    axes.set(xlim=(x - half, x + half), ylim=(y - half, y + half), aspect="equal")
    axes.set(xlabel="x, mm", ylabel="y, mm")
    axes.set_facecolor("white")
    return mappable


def least_shown(feasibility: NDArray[Any]) -> float:
    """Where a scale of colours begins: at 0.5 if no probability is less, so that they differ."""
    return 0.5 if len(feasibility) and np.min(feasibility) >= 0.5 else 0.0


def shape_patch(outline: shapely.Polygon, **style: Any) -> "PathPatch":
    """An outline, m, as a filled patch with its holes; axes are in mm."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    rings = [MM * shapely.get_coordinates(ring) for ring in shapely.get_rings(outline)]
    path = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
    return PathPatch(path, **{"fc": "#d8dbde", "ec": "#8a8f94", "lw": 0.6, "zorder": 0.5} | style)


def draw_backdrop(axes: "Axes", backdrop: "Backdrop") -> None:
    """Draw a picture, paler so that jaws stand out; axes are in mm."""
    colour = np.repeat(backdrop.colour, 3 // backdrop.colour.shape[2], axis=2)
    pale = (255 - _PALE * (255 - colour.astype(np.float32))).astype(np.uint8)
    left, right, low, high = backdrop.extent
    axes.imshow(pale, extent=(MM * left, MM * right, MM * low, MM * high), zorder=0)


def draw_outline(axes: "Axes", outline: shapely.Polygon) -> None:
    """Draw an outline, m, that was found in a picture, in red; axes are in mm."""
    from matplotlib.collections import LineCollection

    rings = [MM * np.asarray(ring.coords) for ring in (outline.exterior, *outline.interiors)]
    for colour_of, width in (("white", 2.0), (OUTLINE, 0.9)):
        axes.add_collection(LineCollection(rings, colors=colour_of, linewidths=width, zorder=1))


def draw_legend(figure: "Figure", ticks: int, outlined: bool = False, centred: bool = True) -> None:
    """A legend below the picture: what a jaw, its dot and, where there are any, ticks stand for.

    Args:
        figure: that jaws were drawn in.
        ticks: how many grasps were drawn as a piece of their closing line alone.
        outlined: whether outlines that were found in a picture were drawn.
        centred: whether the centres of grasps were drawn.
    """
    from matplotlib.colors import to_rgba
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    ink = "#440154"  # of a sure grasp
    parts: list[Any] = [
        Patch(facecolor=to_rgba(ink, 0.3), edgecolor=ink, label="open fingers"),
        Line2D([], [], color=ink, linewidth=1.0, label="closing line"),
    ]
    if centred:
        dot = Line2D(
            [], [], color=ink, linestyle="", marker="o", markersize=3, label="grasp centre"
        )
        parts.append(dot)
    if outlined:
        parts.insert(0, Line2D([], [], color=OUTLINE, linewidth=0.9, label="outline found"))
    if ticks:
        label = f"the other {ticks} grasps: a piece of each closing line"
        parts.append(Line2D([], [], color=ink, linewidth=0.9, alpha=0.6, label=label))
    figure.legend(
        handles=parts,
        loc="outside lower center",
        ncols=len(parts) if len(parts) < 5 else 3,
        fontsize=8,
        frameon=False,
        handlelength=1.3,
        columnspacing=1.3,
    )


def grasp_figure(
    occupancy: NDArray[Any],
    actions: NDArray[Any],
    feasibility: NDArray[Any] | None = None,
    gripper: Gripper = DEFAULT_GRIPPER,
    title: str = "",
    backdrop: "Backdrop | None" = None,
    outline: shapely.Polygon | None = None,
) -> "Figure":
    """A figure of grasps on an object, see `draw_grasps`, with title, legend and colour bar.

    Raises:
        InputError: occupancy is not a square, or the numbers of grasps and probabilities differ.
    """
    from matplotlib.figure import Figure

    occupancy = np.asarray(occupancy)
    if occupancy.ndim != 2 or len(set(occupancy.shape)) != 1:
        raise InputError(f"occupancy has shape {occupancy.shape}; it must be a square [H, H]")
    if feasibility is not None and len(feasibility) != len(actions):
        raise InputError(
            f"{len(actions)} grasps have {len(feasibility)} probabilities; need each one"
        )
    figure = Figure(figsize=(6.4, 5.7), layout="constrained")
    axes = figure.add_subplot()
    mappable = draw_grasps(axes, occupancy, actions, feasibility, gripper, backdrop, outline)
    # A file's name may hold anything: formulas, or bytes that are no letters.
    axes.set_title(title.encode(errors="replace").decode(), fontsize=10, parse_math=False)
    for edge in ("top", "right"):
        axes.spines[edge].set_visible(False)
    if len(actions):
        ticks = len(actions) - JAWS_AMONG_TICKS if len(actions) > MOST_JAWS else 0
        draw_legend(figure, ticks, backdrop is not None and outline is not None)
    if feasibility is not None:
        figure.colorbar(mappable, ax=axes, label="feasibility (critic)", shrink=0.8, aspect=30)
    return figure


def save_overlay(
    path: str | os.PathLike[str],
    occupancy: NDArray[Any],
    actions: NDArray[Any],
    feasibility: NDArray[Any] | None = None,
    gripper: Gripper = DEFAULT_GRIPPER,
    title: str = "",
    backdrop: "Backdrop | None" = None,
    outline: shapely.Polygon | None = None,
) -> None:
    """Write `grasp_figure` as a PNG (or by the suffix).

    Raises:
        InputError: as `grasp_figure`, or the file cannot be written.
    """
    figure = grasp_figure(occupancy, actions, feasibility, gripper, title, backdrop, outline)
    with write_atomically(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters of the title that the font lacks
        figure.savefig(partial, dpi=150)
