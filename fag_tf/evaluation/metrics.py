"""Metrics of how well samples cover a feasible set. All reported figures are defined here.

No metric uses an actor or a critic; `c2st` trains a classifier of its own, and all other figures
are counts. The feasibility of a sample is the environment's label. The truth is a `GridTruth`, or a
`SampledTruth` or `RejectionTruth` where a grid would be too large. An undefined figure, such as the
mode recall of a state without feasible actions, is NaN. Means and extremes over states ignore NaN.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.rejection_truth import RejectionTruth
from fag_tf.environments.sampled_truth import SampledTruth
from fag_tf.errors import InputError

__all__ = [
    "GREATER_IS_BETTER",
    "Metrics",
    "assign_modes",
    "average",
    "covered_share",
    "evaluate_samples",
    "grid_histogram",
    "jensen_shannon",
    "worst",
]

MODE_REACH = 2
"""Greatest distance, in cells on each axis, of a feasible sample from its mode."""

COVER_REACH = 1
"""Greatest distance, in cells on each axis, at which a sample covers a cell."""

RECALLED = 0.1
"""A mode is recalled if its relative share in `Metrics.mode_shares` is at least this."""

REFERENCE_DRAWS = 4
FLOOR_DRAWS = 16

GREATER_IS_BETTER: Mapping[str, bool] = {
    "feasible_rate": True,
    "mode_recall": True,
    "least_share": True,
    "coverage": True,
    "c2st": False,
    "grid_jsd": False,
    "grid_jsd_floor": False,
    "kept": True,
    "num_modes": False,
}
"""The figures that are averaged, and whether a greater value is better."""


@dataclass(frozen=True)
class Metrics:
    """The figures of the samples of one state.

    Attributes:
        feasible_rate: share of the samples that are feasible.
        mode_recall: share of the modes whose `mode_shares` is at least a tenth.
        least_share: least of `mode_shares`: 1 if all modes get their true share, 0 if a mode gets
            no sample.
        coverage: covered share of the truth, over the covered share by an equal number of uniform
            samples of the truth. On a grid, a true cell is covered if a feasible sample lies
            within one cell on every axis. See `SampledTruth.covered_share` and
            `RejectionTruth.covered_share` for a truth without a grid.
        c2st: accuracy of a classifier that tells feasible samples from uniform draws of the
            feasible set: 0.5 if it cannot, 1 if they have nothing in common. See
            `fag_tf.evaluation.c2st`.
        grid_jsd: Jensen-Shannon divergence between samples and truth on coarse cells, in bits,
            in [0, 1]; NaN without a grid.
        grid_jsd_floor: average `grid_jsd` of an equal number of perfect samples, in bits.
        kept: share of the samples that are kept; 1 if no sample is left out.
        num_modes: number of modes of the truth.
        mode_shares: share of the feasible samples in each mode, over the mode's share of the
            truth.
    """

    feasible_rate: float
    mode_recall: float
    least_share: float
    coverage: float
    c2st: float
    grid_jsd: float
    grid_jsd_floor: float
    kept: float
    num_modes: int
    mode_shares: tuple[float, ...]


def evaluate_samples(
    truth: GridTruth | SampledTruth | RejectionTruth | None,
    actions: NDArray[Any],
    feasible: NDArray[np.bool_],
    *,
    k_coverage: int = 1024,
    rng: np.random.Generator,
    kept: NDArray[np.bool_] | None = None,
    two_sample_test: Callable[[NDArray[np.float64]], float] | None = None,
) -> Metrics:
    """Compute all figures for the samples of one state.

    With `kept`, the figures are those of the kept samples. Coverage always uses the first
    `k_coverage` of *all* samples, or all samples if there are fewer. It counts the samples among
    them that are feasible and kept. Leaving samples out can therefore only lower coverage.

    Args:
        truth: truth of the state. If it is None, all figures except `feasible_rate` and `kept`
            are undefined.
        actions: samples in the order of their drawing, `[n, A]`.
        feasible: label of each sample, `[n]`.
        k_coverage: number of samples that coverage uses.
        rng: draws the reference samples of the truth for coverage and divergence.
        kept: whether each sample is kept, `[n]`; all samples if None.
        two_sample_test: gives `c2st` of feasible samples `[m, A]`, as an object of
            `fag_tf.evaluation.c2st.C2ST` does. It takes seconds; without it the figure is NaN.

    Raises:
        InputError: the lengths differ, or a feasible sample is not finite.
    """
    actions = np.asarray(actions, dtype=np.float64)
    feasible = np.asarray(feasible, dtype=bool)
    kept = np.ones(len(actions), dtype=bool) if kept is None else np.asarray(kept, dtype=bool)
    if not (actions.ndim == 2 and feasible.shape == kept.shape == (len(actions),)):
        raise InputError(
            f"actions {actions.shape}, feasible {feasible.shape} and kept {kept.shape} do not "
            "belong together; give [n, A], [n] and [n]"
        )
    if not np.all(np.isfinite(actions[feasible])):
        raise InputError("a sample that is not finite was called feasible; check the environment")

    rate = float(np.mean(feasible[kept])) if kept.any() else np.nan
    share = float(np.mean(kept)) if len(kept) else np.nan
    if truth is None or truth.is_empty:
        nan = np.nan
        return Metrics(rate, nan, nan, nan, nan, nan, nan, share, num_modes=0, mode_shares=())

    good = feasible & kept
    budget = min(k_coverage, len(actions))
    spent = actions[:budget][good[:budget]]
    shares, divergence, floor = np.empty(0), np.nan, np.nan
    if isinstance(truth, RejectionTruth):
        covered, reference = truth.covered_share(spent), truth.perfect_share(budget)
    else:
        if isinstance(truth, SampledTruth):
            shares = truth.relative_shares(actions[good])
            cover: Callable[[NDArray[np.float64]], float] = truth.covered_share
        else:
            shares = _mode_shares(truth, actions[good])
            cover = partial(covered_share, truth)
            divergence, floor = _divergence(truth, actions[kept], feasible[kept], rng)
        covered = cover(spent)
        perfect = [cover(truth.sample(rng, budget)) for _ in range(REFERENCE_DRAWS)]
        reference = float(np.mean(perfect))
    return Metrics(
        feasible_rate=rate,
        mode_recall=float(np.mean(shares >= RECALLED)) if len(shares) else np.nan,
        least_share=float(np.min(shares, initial=np.inf)) if len(shares) else np.nan,
        coverage=float(covered / reference) if reference > 0.0 else 0.0,
        c2st=np.nan if two_sample_test is None else two_sample_test(actions[good]),
        grid_jsd=divergence,
        grid_jsd_floor=floor,
        kept=share,
        num_modes=truth.num_modes,
        mode_shares=tuple(shares.tolist()),
    )


def _offsets(reach: int, dim: int) -> NDArray[np.int64]:
    """All steps of at most `reach` cells on every axis, `[(2 reach + 1)^A, A]`."""
    return np.array(list(product(range(-reach, reach + 1), repeat=dim)))


def assign_modes(truth: GridTruth, actions: NDArray[Any]) -> NDArray[np.int64]:
    """Assign each feasible sample to a mode, `[n]`; -1 for no mode.

    A sample in a feasible cell is assigned to the mode of this cell. It gets -1 if the connected
    region of the cell is too small to be a mode. A sample outside all feasible cells is assigned to
    the mode of the nearest cell with a mode. The distance is Euclidean, in cells, and at most
    `MODE_REACH` on every axis. If two modes are equally near, the larger mode is taken.

    Args:
        truth: truth of the state.
        actions: feasible samples, `[n, A]`.
    """
    if not truth.num_cells:
        return np.full(len(actions), -1)
    indices, _ = truth.cell_index(actions)
    position = truth.find(indices)
    modes = np.where(position >= 0, truth.modes[position], -1)
    astray = np.flatnonzero(position < 0)
    offsets = _offsets(MODE_REACH, len(truth.axes))
    near = truth.find(indices[astray, None] + offsets)
    near_modes = np.where(near >= 0, truth.modes[near], -1)
    # Order by distance, and by the mode's number at equal distance.
    rank = np.sum(offsets**2, axis=-1) * (truth.num_modes + 1) + near_modes
    rank = np.where(near_modes >= 0, rank, np.iinfo(np.int64).max)
    nearest = np.argmin(rank, axis=-1)
    modes[astray] = near_modes[np.arange(len(astray)), nearest]
    return modes


def _mode_shares(truth: GridTruth, actions: NDArray[Any]) -> NDArray[np.float64]:
    """Each mode's share of the feasible samples over its share of the cells, `[num_modes]`."""
    modes = assign_modes(truth, actions)
    counts = np.bincount(modes[modes >= 0], minlength=truth.num_modes)
    return (counts / max(len(actions), 1)) / (truth.mode_sizes / truth.num_cells)


def covered_share(truth: GridTruth, actions: NDArray[Any]) -> float:
    """Share of the true cells that are covered by actions `[n, A]`.

    A cell is covered if an action lies in it or in a neighbouring cell, diagonal neighbours
    included. The share is NaN if there are no true cells.
    """
    if not truth.num_cells:
        return np.nan
    indices = np.unique(truth.cell_index(actions)[0], axis=0)
    reached = truth.find(indices[:, None] + _offsets(COVER_REACH, len(truth.axes)))
    covered = np.zeros(truth.num_cells, dtype=bool)
    covered[reached[reached >= 0]] = True
    return float(np.mean(covered))


def grid_histogram(
    truth: GridTruth, actions: NDArray[Any], feasible: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Count samples on the coarse cells.

    Args:
        truth: truth of the state.
        actions: samples, `[n, A]`.
        feasible: label of each sample, `[n]`.

    Returns:
        Counts `[cells + 2]`. The second last entry counts the feasible samples outside the grid.
        The last entry counts the infeasible samples.
    """
    indices, inside = truth.cell_index(actions)
    places = _coarse_places(truth, indices, inside & feasible)
    bins = _coarse_size(truth)
    places = np.where(feasible, np.where(inside, places, bins), bins + 1)
    return np.bincount(places, minlength=bins + 2)


def _coarse_shape(truth: GridTruth) -> tuple[int, ...]:
    return tuple(-(-n // c) for n, c in zip(truth.shape, truth.coarsening, strict=True))


def _coarse_size(truth: GridTruth) -> int:
    return int(np.prod(_coarse_shape(truth)))


def _coarse_places(
    truth: GridTruth, indices: NDArray[np.int64], valid: NDArray[np.bool_]
) -> NDArray[np.int64]:
    coarse = np.where(valid[:, None], indices // truth.coarsening, 0)
    return np.ravel_multi_index(tuple(coarse.T), _coarse_shape(truth))


def jensen_shannon(p: NDArray[Any], q: NDArray[Any]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence of distributions `[..., bins]`, in bits, `[...]`.

    It is 0 for equal and 1 for disjoint distributions.
    """
    middle = 0.5 * (p + q)

    def from_middle(r: NDArray[Any]) -> NDArray[np.float64]:
        ratio = np.divide(r, middle, out=np.ones(middle.shape), where=r > 0.0)
        return np.sum(r * np.log2(ratio), axis=-1)

    return 0.5 * (from_middle(p) + from_middle(q))


def _divergence(
    truth: GridTruth,
    actions: NDArray[Any],
    feasible: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[float, float]:
    """The Jensen-Shannon divergence on coarse cells, and its mean for perfect samples, in bits."""
    if not len(actions):
        return np.nan, np.nan
    counts = grid_histogram(truth, actions, feasible)
    places = _coarse_places(truth, truth.cells, np.ones(truth.num_cells, dtype=bool))
    target = np.bincount(places, minlength=len(counts)) / truth.num_cells
    perfect = rng.multinomial(len(actions), target, size=FLOOR_DRAWS) / len(actions)
    floor = np.mean(jensen_shannon(perfect, target))
    return float(jensen_shannon(counts / len(actions), target)), float(floor)


def average(metrics: Iterable[Metrics | Mapping[str, float]]) -> dict[str, float]:
    """Mean of each figure without NaN values; NaN if all values are NaN."""
    return {name: _reduced(values, np.mean) for name, values in _columns(metrics).items()}


def worst(metrics: Iterable[Metrics | Mapping[str, float]]) -> dict[str, float]:
    """Worst value of each figure: the least if greater is better, otherwise the greatest."""
    return {
        name: _reduced(values, np.min if GREATER_IS_BETTER[name] else np.max)
        for name, values in _columns(metrics).items()
    }


def _columns(metrics: Iterable[Metrics | Mapping[str, float]]) -> dict[str, list[float]]:
    rows = [row if isinstance(row, Mapping) else vars(row) for row in metrics]
    return {name: [float(row[name]) for row in rows] for name in GREATER_IS_BETTER}


def _reduced(values: list[float], reduce: Callable[[list[float]], Any]) -> float:
    defined = [value for value in values if not np.isnan(value)]
    return float(reduce(defined)) if defined else np.nan
