"""Plots of an evaluation and of samples in the plane. Matplotlib is loaded at the first plot."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.figures import new_figure
from fag_tf.environments.grid_truth import GridTruth
from fag_tf.errors import InputError
from fag_tf.evaluation.evaluate import CONTROL, KEPT, RAW, READER, READER_KEPT, Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["evaluation_figure", "scatter_figure"]

PANELS = (
    ("feasible_rate", "feasible rate"),
    ("mode_recall", "mode recall"),
    ("least_share", "least share of a mode"),
    ("coverage", "coverage"),
    ("c2st", "C2ST"),
    ("grid_jsd", "grid JSD (bits)"),
)
MARKS = {
    RAW: {"label": "all samples", "color": "#1f5fa8", "marker": "o", "zorder": 4},
    KEPT: {"label": "kept by the critic", "color": "#e07b00", "marker": "D", "zorder": 3},
    READER: {"label": "reader", "color": "#8a3f9e", "marker": "^", "zorder": 2},
    READER_KEPT: {"label": "kept by the reader", "color": "#c79bd3", "marker": "v", "zorder": 1},
    CONTROL: {"label": "uniform control", "color": "#6b6b6b", "marker": "x", "zorder": 5},
}
MOST_DOTS = 4000
"""Greatest number of samples in a scatter plot. With more samples the dots overlap."""


def evaluation_figure(evaluation: Evaluation) -> "Figure":
    """Plot an evaluation: one panel for each metric, one row for each object and for the mean.

    A row shows one dot for each kind of sample, such as all samples, kept samples and control.
    """
    objects = evaluation.objects
    rows = [*(_printable(name) for name in objects), "mean"]
    heights = -np.arange(len(rows), dtype=float)
    heights[-1] -= 0.4
    mean = evaluation.mean
    panels = [(key, title) for key, title in PANELS if not np.isnan(mean[RAW][key])]
    figure = new_figure(1.6 + 1.9 * len(panels), 1.5 + 0.3 * len(rows))
    axes = np.atleast_1d(np.asarray(figure.subplots(1, len(panels), sharey=True)))
    for panel, (key, title) in zip(axes, panels, strict=True):
        for kind, by_object in evaluation.rows.items():
            values = [by_object[name][key] for name in objects] + [mean[kind][key]]
            panel.plot(values, heights, linestyle="none", markersize=6, **MARKS[kind])
        if key == "grid_jsd":
            floor = [evaluation.rows[RAW][name]["grid_jsd_floor"] for name in objects]
            panel.plot(
                [*floor, mean[RAW]["grid_jsd_floor"]],
                heights,
                linestyle="none",
                marker="|",
                markersize=10,
                color="#2a8f4f",
                label="perfect samples",
            )
        _dress(panel, title, heights)
        panel.set_xlim(-0.04, max(1.04, panel.get_xlim()[1]))
        panel.set_xticks([0.0, 0.5, 1.0], ["0", "0.5", "1"])
    axes[0].set_yticks(heights, rows, parse_math=False)
    axes[0].get_yticklabels()[-1].set_fontweight("bold")
    figure.legend(
        *axes[-1].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=9,
    )
    figure.suptitle(
        f"{evaluation.environment}: {evaluation.poses} poses of each object, "
        f"{evaluation.num_samples} samples of each pose",
        fontsize=11,
        parse_math=False,
    )
    return figure


def _printable(name: str) -> str:
    """The name in valid Unicode; other bytes, which a file name may hold, are replaced."""
    return name.encode(errors="replace").decode()


def _dress(panel: "Axes", title: str, heights: NDArray[np.float64]) -> None:
    panel.set_title(title, fontsize=10)
    panel.set_ylim(heights[-1] - 0.6, heights[0] + 0.6)
    panel.grid(axis="both", color="#e6e6e6", linewidth=0.8)
    panel.axhline(heights[-1] + 0.7, color="#b0b0b0", linewidth=0.8)
    panel.tick_params(length=0, labelsize=9)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)


def scatter_figure(
    truth: GridTruth,
    actions: NDArray[Any],
    feasible: NDArray[np.bool_],
    title: str = "",
) -> "Figure":
    """Plot samples of a two-dimensional action space over the feasible cells.

    Args:
        truth: truth with two axes.
        actions: samples, `[n, 2]`. Only the first `MOST_DOTS` are drawn.
        feasible: label of each sample, `[n]`.
        title: title above the plot.

    Raises:
        InputError: the number of axes of the truth is not two.
    """
    if len(truth.axes) != 2:
        raise InputError(f"a scatter shows 2 axes, the truth has {len(truth.axes)}")
    first, second = truth.axes
    low = truth.space.low
    high = low + truth.cell * truth.shape
    figure = new_figure(5.6, 5.4)
    panel = figure.subplots()
    panel.imshow(
        np.where(truth.lookup.T >= 0, 1.0, np.nan),
        origin="lower",
        extent=(low[0], high[0], low[1], high[1]),
        aspect="auto",
        interpolation="nearest",
        cmap="Greens",
        vmin=0.0,
        vmax=3.5,
    )
    dots = truth.to_grid(actions[:MOST_DOTS])
    held = np.asarray(feasible[:MOST_DOTS], dtype=bool)
    for chosen, label, colour in (
        (held, "feasible", "#1f5fa8"),
        (~held, "infeasible", "#c23b22"),
    ):
        across, up = dots[chosen].T
        panel.scatter(
            across, up, s=5, color=colour, linewidths=0, alpha=0.7, label=f"{label} samples"
        )
    panel.fill_between([], [], color="#b6e0b0", label="feasible set")
    panel.set_xlim(low[0], high[0])
    panel.set_ylim(low[1], high[1])
    panel.set_xlabel(_label(first.name, first.unit))
    panel.set_ylabel(_label(second.name, second.unit))
    panel.set_title(_printable(title), fontsize=11, parse_math=False)
    panel.tick_params(labelsize=9)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, markerscale=3, fontsize=9)
    return figure


def _label(name: str, unit: str) -> str:
    return name if unit == "1" else f"{name} ({unit})"
