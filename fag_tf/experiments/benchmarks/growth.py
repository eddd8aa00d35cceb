"""Growth of time and memory with the numbers of samples, states, axes and pixels."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fag_tf._utils.figures import new_figure, save_figure
from fag_tf.config.parsing import config_to_dict
from fag_tf.environments.registry import make_environment
from fag_tf.errors import InputError
from fag_tf.experiments.benchmarks.models import trained_config
from fag_tf.experiments.benchmarks.probe import Probe, growth_exponent, probe
from fag_tf.experiments.benchmarks.registry import Conditions
from fag_tf.experiments.benchmarks.results import Figure, NotMeasuredError
from fag_tf.experiments.benchmarks.training_step import quick_config

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Series", "draw_growth", "measure"]

_LARGE = 3  # number of largest sizes that give the exponent

_KERNEL: dict[str, Sequence[Mapping[str, int]]] = {
    "supports N": [{"supports": n, "samples": 1024} for n in (256, 1024, 4096, 16384)],
    "samples M": [{"supports": 1024, "samples": n} for n in (256, 1024, 4096, 16384)],
    "states B": [{"batch": b, "supports": 1024} for b in (1, 4, 16, 64)],
    "action axes": [{"supports": 2048, "axes": a} for a in (2, 8, 32, 128)],
}
_QUICK_KERNEL: dict[str, Sequence[Mapping[str, int]]] = {
    "supports N": [{"supports": n, "samples": 16} for n in (16, 32)]
}
_IMAGES = (32, 64, 128, 256)
_QUICK_IMAGES = (16, 32)
_VARIED = {
    "supports N": "supports",
    "samples M": "samples",
    "states B": "batch",
    "action axes": "axes",
}


class Series(NamedTuple):
    """Cost at increasing values of one size.

    Attributes:
        name: name of the size.
        sizes: values of the size in rising order.
        costs: cost at each value.
    """

    name: str
    sizes: Sequence[int]
    costs: Sequence[Probe]

    def exponent(self, of: str) -> float:
        """Exponent e of cost ~ size^e for the largest sizes; `of` is `seconds` or `peak`."""
        costs = [getattr(cost, of) for cost in self.costs]
        return growth_exponent(self.sizes[-_LARGE:], costs[-_LARGE:])


def measure(conditions: Conditions) -> list[Figure]:
    """Measure the figures of this benchmark, and draw them if the conditions name a file."""
    series = []
    for name, points in (_QUICK_KERNEL if conditions.quick else _KERNEL).items():
        conditions.tell(f"growth with {name}")
        costs = [probe(what="kernel", **point) for point in points]
        series.append(Series(name, [point[_VARIED[name]] for point in points], costs))
    try:
        series.append(_of_images(conditions))
    except NotMeasuredError as error:
        conditions.tell(str(error))
    if conditions.figure is not None:
        draw_growth(series, conditions.figure)
    return [
        Figure(
            f"{what} with {each.name}, {each.sizes[0]} to {each.sizes[-1]}: e of {what} ~ size^e",
            each.exponent(of),
            "1",
        )
        for of, what in (("seconds", "time"), ("peak", "memory"))
        for each in series
    ]


def _of_images(conditions: Conditions) -> Series:
    """Cost of a whole learning step at increasing picture sizes."""
    config = trained_config(conditions.model)
    if conditions.quick:
        config = quick_config(config)
    sizes = _QUICK_IMAGES if conditions.quick else _IMAGES
    try:
        make_environment(config.env, {**config.env_options, "image_size": sizes[0]})
    except InputError as error:
        raise NotMeasuredError(f"no pictures whose size could grow: {error}") from error
    costs = []
    for size in sizes:
        conditions.tell(f"growth with pictures: {size} pixels a side")
        options: dict[str, Any] = {**config.env_options, "image_size": size}
        table = config_to_dict(dataclasses.replace(config, env_options=options))
        costs.append(probe(what="step", config=table))
    return Series("pixels a side (learning step)", sizes, costs)


def draw_growth(series: Sequence[Series], path: Path) -> None:
    """Draw time above memory, with one column for each size.

    The axes are logarithmic and cover at least a decade.

    Raises:
        InputError: the file cannot be written.
    """
    figure = new_figure(2.9 * len(series), 5.2)
    axes = figure.subplots(2, len(series), squeeze=False)
    for column, each in enumerate(series):
        for row, (of, label, unit) in enumerate(
            (("seconds", "time, ms", 1e3), ("peak", "peak memory above start, MB", 1e-6))
        ):
            panel = axes[row][column]
            costs = [unit * getattr(cost, of) for cost in each.costs]
            panel.loglog(each.sizes, costs, marker="o", color="#1f5fa8")
            _label(panel, each.sizes, costs)
            panel.set_title(f"~ size^{each.exponent(of):.2f}", fontsize=10, parse_math=False)
            panel.grid(color="#e6e6e6", which="both", linewidth=0.6)
            panel.tick_params(labelsize=8)
            panel.set_xlabel(each.name, fontsize=9)
            if column == 0:
                panel.set_ylabel(label, fontsize=9)
            for side in ("top", "right"):
                panel.spines[side].set_visible(False)
    figure.suptitle("Kernel mixture, forward and backward; pictures: a learning step", fontsize=11)
    save_figure(figure, path, dpi=110)


def _label(panel: "Axes", sizes: Sequence[int], costs: Sequence[float]) -> None:
    """Label the measured sizes and round costs with plain numbers."""
    from matplotlib.ticker import LogLocator

    panel.set_xticks(list(sizes), [f"{size:,}" for size in sizes])
    # An axis shorter than a decade would exaggerate small growth.
    middle = (min(costs) * max(costs)) ** 0.5
    least, most = min(0.8 * min(costs), middle / 10**0.5), max(1.25 * max(costs), middle * 10**0.5)
    panel.set_ylim(least, most)
    panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    panel.yaxis.set_major_formatter("{x:g}")
    panel.minorticks_off()
