"""How well samples cover a feasible set: one definition of every figure that is reported.

Nothing here looks at a network. Feasibility is the environment's exact verdict on each sample, the
truth is a `GridTruth`, or a `SampledTruth` where a grid would be too large. A figure that has no
meaning, such as the mode recall of a state without feasible actions, is NaN, and the means and
extremes over states leave it out.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.grid_truth import GridTruth
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
"""Cells outside the truth from which a feasible sample still counts for its nearest mode."""

COVER_REACH = 1
"""Cells round a sample that it covers."""

RECALLED = 0.1
"""A mode is recalled from this much of its true share on."""

REFERENCE_DRAWS = 4
FLOOR_DRAWS = 16

GREATER_IS_BETTER: Mapping[str, bool] = {
    "feasible_rate": True,
    "mode_recall": True,
    "least_share": True,
    "coverage": True,
    "grid_jsd": False,
    "grid_jsd_floor": False,
    "kept": True,
    "num_modes": False,
}
"""The figures that are averaged, and which end of each is the good one."""


@dataclass(frozen=True)
class Metrics:
    """What the samples of one state show.

    Attributes:
        feasible_rate: share of the samples that are feasible.
        mode_recall: share of modes that get at least a tenth of their true share.
        least_share: least of `mode_shares`; 1 is even, 0 a mode that was missed.
        coverage: share of true cells with a feasible sample within one cell on every axis, over
            the same figure for as many uniform samples of the truth. Without a grid, share of
            neighbourhoods, see `SampledTruth.covered_share`, over the same.
        grid_jsd: Jensen-Shannon divergence from samples to truth on coarse cells, in bits [0, 1];
            NaN without a grid.
        grid_jsd_floor: what as many perfect samples show, on average.
        kept: share of the samples that were kept, 1 where none were sorted out.
        num_modes: number of modes of the truth.
        mode_shares: for each mode its share of the feasible samples over its share of the cells.
    """

    feasible_rate: float
    mode_recall: float
    least_share: float
    coverage: float
    grid_jsd: float
    grid_jsd_floor: float
    kept: float
    num_modes: int
    mode_shares: tuple[float, ...]


def evaluate_samples(
    truth: GridTruth | SampledTruth | None,
    actions: NDArray[Any],
    feasible: NDArray[np.bool_],
    *,
    k_coverage: int = 1024,
    rng: np.random.Generator,
    kept: NDArray[np.bool_] | None = None,
) -> Metrics:
    """All figures for the samples of one state.

    With `kept` they are those of the kept samples. Coverage alone keeps its budget: it always
    spends the first `k_coverage` of *all* samples (or as many as there are), and counts the
    feasible ones among them that were kept, so sorting out can only lower it.

    Args:
        truth: of the state; None leaves all but the feasible rate undefined.
        actions: samples in the order they were drawn `[n, A]`.
        feasible: the exact verdict on each, `[n]`.
        k_coverage: samples that coverage spends.
        rng: draws the uniform samples of the truth that coverage and divergence are held against.
        kept: which samples are kept, `[n]`; all if None.

    Raises:
        InputError: lengths differ, or a sample called feasible is not finite.
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
        return Metrics(rate, nan, nan, nan, nan, nan, share, num_modes=0, mode_shares=())

    good = feasible & kept
    budget = min(k_coverage, len(actions))
    spent = actions[:budget][good[:budget]]
    if isinstance(truth, SampledTruth):
        shares = truth.relative_shares(actions[good])
        covered, cover = truth.covered_share(spent), truth.covered_share
        divergence, floor = np.nan, np.nan
    else:
        shares = _mode_shares(truth, actions[good])
        covered, cover = covered_share(truth, spent), partial(covered_share, truth)
        divergence, floor = _divergence(truth, actions[kept], feasible[kept], rng)
    reference = np.mean([cover(truth.sample(rng, budget)) for _ in range(REFERENCE_DRAWS)])
    return Metrics(
        feasible_rate=rate,
        mode_recall=float(np.mean(shares >= RECALLED)) if len(shares) else np.nan,
        least_share=float(np.min(shares, initial=np.inf)) if len(shares) else np.nan,
        coverage=float(covered / reference) if reference > 0.0 else 0.0,
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
    """The mode that each feasible sample counts for, `[n]`; -1 for none.

    A sample in a feasible cell counts for that cell's mode, for none if its region is too small
    to be one. Any other goes to the mode of the nearest cell that has one, by Euclidean distance
    counted in cells, if that is at most `MODE_REACH` away on every axis; of two modes equally
    near, to the larger.
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
    # Order by distance first, by the mode's number where that is equal.
    rank = np.sum(offsets**2, axis=-1) * (truth.num_modes + 1) + near_modes
    rank = np.where(near_modes >= 0, rank, np.iinfo(np.int64).max)
    nearest = np.argmin(rank, axis=-1)
    modes[astray] = near_modes[np.arange(len(astray)), nearest]
    return modes


def _mode_shares(truth: GridTruth, actions: NDArray[Any]) -> NDArray[np.float64]:
    """Each mode's share of these feasible samples over its share of the cells, `[num_modes]`."""
    modes = assign_modes(truth, actions)
    counts = np.bincount(modes[modes >= 0], minlength=truth.num_modes)
    return (counts / max(len(actions), 1)) / (truth.mode_sizes / truth.num_cells)


def covered_share(truth: GridTruth, actions: NDArray[Any]) -> float:
    """Share of the true cells that one of these actions lies in or next to, corners included.

    NaN if there are no true cells.
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

    Returns:
        Counts `[cells + 2]`; last but one the feasible samples outside the grid, last the
        infeasible ones.
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
    """Jensen-Shannon divergence of distributions `[..., bins]`, in bits: 0 equal, 1 disjoint."""
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
    """The grid's Jensen-Shannon divergence and its floor for as many perfect samples."""
    if not len(actions):
        return np.nan, np.nan
    counts = grid_histogram(truth, actions, feasible)
    places = _coarse_places(truth, truth.cells, np.ones(truth.num_cells, dtype=bool))
    target = np.bincount(places, minlength=len(counts)) / truth.num_cells
    perfect = rng.multinomial(len(actions), target, size=FLOOR_DRAWS) / len(actions)
    floor = np.mean(jensen_shannon(perfect, target))
    return float(jensen_shannon(counts / len(actions), target)), float(floor)


def average(metrics: Iterable[Metrics | Mapping[str, float]]) -> dict[str, float]:
    """Mean of each figure, those that are NaN left out; NaN if all of them are."""
    return {name: _reduced(values, np.mean) for name, values in _columns(metrics).items()}


def worst(metrics: Iterable[Metrics | Mapping[str, float]]) -> dict[str, float]:
    """Worst of each figure: the least where more is better, else the greatest."""
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
