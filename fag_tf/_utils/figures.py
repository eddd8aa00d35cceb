"""Figures without a window, written atomically. Matplotlib is loaded at the first one."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fag_tf._utils.files import write_atomically
from fag_tf.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure_pixels", "new_figure", "save_figure"]


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure, width and height in inches, that can be saved but not shown."""
    # A Figure without pyplot needs no window system and does not change pyplot's global state.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def figure_pixels(figure: "Figure") -> NDArray[np.uint8]:
    """The picture of a figure, `[height, width, 3]`, red, green and blue."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3].copy()


def save_figure(figure: "Figure", path: str | Path, dpi: int = 150) -> None:
    """Write a figure to a file; the suffix of the file selects the format.

    Args:
        figure: the figure.
        path: the file.
        dpi: resolution in dots per inch.

    Raises:
        InputError: the format is unknown or the file cannot be written.
    """
    formats = figure.canvas.get_supported_filetypes()
    suffix = Path(path).suffix.lstrip(".").lower()
    if suffix not in formats:
        raise InputError(
            f"cannot draw {path}: format {suffix!r} is none of {', '.join(sorted(formats))}"
        )
    with write_atomically(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the font may lack letters of the title
        figure.savefig(partial, dpi=dpi)
