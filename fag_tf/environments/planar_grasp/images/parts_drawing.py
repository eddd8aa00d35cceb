"""The picture of grasps on several parts at once, in the frame that they are given in."""

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf._utils.files import write_atomically
from fag_tf.environments.planar_grasp.fingers import at_grasps, closing_line, open_fingers
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.images.drawing import (
    COLOURS,
    draw_backdrop,
    draw_legend,
    draw_outline,
    least_shown,
    shape_patch,
    spread,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fag_tf.environments.planar_grasp.images.placement import Backdrop

__all__ = ["parts_figure", "save_parts"]

_JAWS = 4  # whole jaws of a part
_TICK = 0.002  # m, half the length of a piece of a closing line
_MM = 1e3


def parts_figure(
    outlines: Sequence[shapely.Polygon],
    grasps: Sequence[NDArray[Any]],
    feasibility: Sequence[NDArray[Any]],
    gripper: Gripper,
    title: str = "",
    numbers: Sequence[int] | None = None,
    backdrop: "Backdrop | None" = None,
) -> "Figure":
    """A figure of parts by their numbers, some jaws of each, and pieces of all closing lines.

    Args:
        outlines: of the parts, m.
        grasps: of each part `[n, 3]`, m and rad; a part without any is drawn hatched.
        feasibility: of each part's grasps, `[n]`.
        gripper: the jaw.
        title: above the figure.
        numbers: of the parts; from 0 on if None.
        backdrop: the picture that shows the parts, on which their outlines are drawn in red;
            without it parts are drawn in grey.
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 5.7), layout="constrained")
    axes = figure.add_subplot()
    rated = np.concatenate([*feasibility, np.empty(0)])
    mappable = ScalarMappable(Normalize(least_shown(rated), 1.0), colormaps[COLOURS])
    names = range(len(outlines)) if numbers is None else numbers
    for number, outline, own, sure in zip(names, outlines, grasps, feasibility, strict=True):
        style = {} if backdrop is None else {"fc": "none"}
        axes.add_patch(shape_patch(outline, **style, hatch=None if len(own) else "////"))
        if backdrop is not None:
            draw_outline(axes, outline)
        actions = np.asarray(own, np.float64).reshape(-1, 3)
        colours = mappable.to_rgba(sure)
        whole = spread(actions, _JAWS)
        rest = np.setdiff1d(np.arange(len(actions)), whole)
        ticks = _MM * at_grasps(actions[rest], np.array([[-_TICK, 0.0], [_TICK, 0.0]]))
        axes.add_collection(
            LineCollection(list(ticks), colors=list(colours[rest]), lw=0.7, alpha=0.5, zorder=2)
        )
        fingers = _MM * at_grasps(actions[whole], open_fingers(gripper))
        for corners in fingers.swapaxes(0, 1):
            axes.add_collection(
                PolyCollection(
                    list(corners),
                    facecolors=[(*colour[:3], 0.3) for colour in colours[whole]],
                    edgecolors=list(colours[whole]),
                    linewidths=0.8,
                    zorder=3,
                )
            )
        closing = _MM * at_grasps(actions[whole], closing_line(gripper))
        axes.add_collection(LineCollection(list(closing), colors=list(colours[whole]), lw=0.8))
        x, y = _MM * shapely.get_coordinates(shapely.point_on_surface(outline))[0]
        box = {"boxstyle": "circle,pad=0.25", "fc": "white", "ec": "#555", "lw": 0.6}
        axes.text(x, y, str(number), ha="center", va="center", fontsize=8, bbox=box, zorder=5)
    axes.margins(0.03)
    axes.autoscale_view()
    if backdrop is not None:
        shown = {"xlim": axes.get_xlim(), "ylim": axes.get_ylim()}
        draw_backdrop(axes, backdrop)
        axes.set(**shown)  # of a wide picture what is around the parts
    axes.set(xlabel="x, mm", ylabel="y, mm", aspect="equal", facecolor="white")
    axes.set_title(title.encode(errors="replace").decode(), fontsize=10, parse_math=False)
    for edge in ("top", "right"):
        axes.spines[edge].set_visible(False)
    counts = [len(own) for own in grasps]
    if any(counts):
        unseen = sum(max(0, count - _JAWS) for count in counts)
        draw_legend(figure, unseen, backdrop is not None, centred=False)
    figure.colorbar(mappable, ax=axes, label="feasibility (critic)", shrink=0.8, aspect=30)
    return figure


def save_parts(
    path: str | os.PathLike[str],
    outlines: Sequence[shapely.Polygon],
    grasps: Sequence[NDArray[Any]],
    feasibility: Sequence[NDArray[Any]],
    gripper: Gripper,
    title: str = "",
    numbers: Sequence[int] | None = None,
    backdrop: "Backdrop | None" = None,
) -> None:
    """Write `parts_figure` as a PNG (or by the suffix).

    Raises:
        InputError: the file cannot be written.
    """
    figure = parts_figure(outlines, grasps, feasibility, gripper, title, numbers, backdrop)
    with write_atomically(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters of the title that the font lacks
        figure.savefig(partial, dpi=150)
