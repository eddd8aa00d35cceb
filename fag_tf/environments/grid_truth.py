"""All feasible actions of a state as cells of a regular grid, and their modes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from fag_tf.errors import InputError
from fag_tf.spaces import ActionSpace, Axis

__all__ = ["SMALLEST_MODE", "GridTruth"]

SMALLEST_MODE = 0.02
"""Least share of the feasible cells for a connected region to be a mode."""

FAR = 2.0**30
"""Bound of cell indices, so that the index of every finite action fits an integer."""


@dataclass(frozen=True, eq=False)
class GridTruth:
    """Feasible cells of a regular grid over an action space, labelled at their centres.

    The grid may have its own frame, such as the frame of an object that moves: `grid =
    wrap(rotation @ (action - offset))`. One set of cells then serves every pose. A periodic axis
    has the same range in both frames, and the map only shifts it.

    Attributes:
        axes: the A axes of the grid; cell 0 begins at `axis.low`.
        cell: width of a cell on each axis `[A]`, in the axes' units. On a periodic axis the cells
            fill the period exactly; on a bounded axis the last cell may end beyond `axis.high`.
        shape: number of cells on each axis.
        cells: indices of the feasible cells `[C, A]`.
        modes: mode of each feasible cell `[C]`; 0 is the largest mode, and -1 marks a region too
            small for a mode.
        coarsening: number of cells in one coarse cell on each axis, for histograms.
        rotation: orthogonal matrix `[A, A]`; None stands for the identity.
        offset: action at the origin of the grid's frame `[A]`; None stands for zero.
    """

    axes: tuple[Axis, ...]
    cell: NDArray[np.float64]
    shape: tuple[int, ...]
    cells: NDArray[np.int64]
    modes: NDArray[np.int64]
    coarsening: tuple[int, ...]
    rotation: NDArray[np.float64] | None = None
    offset: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        dim = len(self.axes)
        if not len(self.shape) == len(self.cell) == len(self.coarsening) == dim:
            raise InputError(
                f"{dim} axes with {len(self.shape)} shape, {len(self.cell)} cell and "
                f"{len(self.coarsening)} coarsening entries; give one of each for every axis"
            )
        for axis, width, count in zip(self.axes, self.cell, self.shape, strict=True):
            if axis.periodic and not np.isclose(width * count, axis.width):
                raise InputError(
                    f"{count} cells of {width} make {count * width} on periodic axis "
                    f"{axis.name!r}; they must fill its period of {axis.width}"
                )
        if self.rotation is not None:
            turned = np.asarray(self.rotation)
            mixed = np.any(turned[self.space.periodic] != np.eye(dim)[self.space.periodic])
            if mixed or not np.allclose(turned @ turned.T, np.eye(dim), atol=1e-9):
                raise InputError(
                    "the rotation of a grid must be orthogonal and leave periodic axes alone, "
                    f"got {turned.tolist()}"
                )

    @classmethod
    def from_mask(
        cls,
        mask: NDArray[np.bool_],
        axes: Sequence[Axis],
        cell: Any = None,
        coarsening: Sequence[int] | int = 1,
        *,
        rotation: Any = None,
        offset: Any = None,
    ) -> "GridTruth":
        """Collect the cells where `mask` is true and label their modes.

        A mode is a connected region that holds at least `SMALLEST_MODE` of the feasible cells.
        Cells are connected through faces, edges or corners, also across the seam of a periodic
        axis.

        Args:
            mask: feasibility at the centre of every cell, with one array axis for each grid axis.
            axes: axes of the grid.
            cell: cell widths `[A]`; by default the cells fill each axis.
            coarsening: number of cells in one coarse cell, one number or one for each axis.
            rotation: see the class.
            offset: see the class.
        """
        axes = tuple(axes)
        if mask.ndim != len(axes):
            raise InputError(f"a mask of shape {mask.shape} for {len(axes)} axes; it needs as many")
        if cell is None:
            cell = [axis.width / count for axis, count in zip(axes, mask.shape, strict=True)]
        if isinstance(coarsening, int):
            coarsening = (coarsening,) * len(axes)
        mask = np.asarray(mask, dtype=bool)
        regions = _label(mask, [axis.periodic for axis in axes])
        return cls(
            axes=axes,
            cell=np.asarray(cell, dtype=np.float64),
            shape=mask.shape,
            cells=np.argwhere(mask),
            modes=_largest_first(regions[mask]),
            coarsening=tuple(coarsening),
            rotation=None if rotation is None else np.asarray(rotation, dtype=np.float64),
            offset=None if offset is None else np.asarray(offset, dtype=np.float64),
        )

    @cached_property
    def space(self) -> ActionSpace:
        """The grid's axes as a space."""
        return ActionSpace(self.axes)

    @property
    def num_cells(self) -> int:
        """Number of feasible cells, C."""
        return len(self.cells)

    @property
    def is_empty(self) -> bool:
        """Whether no cell is feasible."""
        return not self.num_cells

    @property
    def num_modes(self) -> int:
        """Number of modes."""
        return int(self.modes.max(initial=-1)) + 1

    @property
    def volume(self) -> float:
        """Volume of the feasible cells, in the product of the axes' units."""
        return float(self.num_cells * np.prod(self.cell))

    @property
    def mode_sizes(self) -> NDArray[np.int64]:
        """Number of cells of each mode, `[num_modes]`, largest first."""
        return np.bincount(self.modes[self.modes >= 0], minlength=self.num_modes)

    @cached_property
    def lookup(self) -> NDArray[np.int32]:
        """Position in `cells` of every cell of the grid `[*shape]`; -1 for infeasible cells."""
        dense = np.full(self.shape, -1, dtype=np.int32)
        dense[tuple(self.cells.T)] = np.arange(self.num_cells, dtype=np.int32)
        return dense

    @cached_property
    def centres(self) -> NDArray[np.float64]:
        """Actions at the centres of the feasible cells, `[C, A]`."""
        return self.from_grid(self.space.low + (self.cells + 0.5) * self.cell)

    def to_grid(self, actions: NDArray[Any]) -> NDArray[np.float64]:
        """Coordinates `[..., A]` of actions `[..., A]` in the grid's frame."""
        moved = np.asarray(actions, dtype=np.float64)
        if self.offset is not None:
            moved = moved - self.offset
        if self.rotation is not None:
            moved = moved @ self.rotation.T
        return self.space.wrap(moved)

    def from_grid(self, coordinates: NDArray[Any]) -> NDArray[np.float64]:
        """Inverse of `to_grid`, with periodic axes wrapped."""
        moved = np.asarray(coordinates, dtype=np.float64)
        if self.rotation is not None:
            moved = moved @ self.rotation
        if self.offset is not None:
            moved = moved + self.offset
        return self.space.wrap(moved)

    def cell_index(self, actions: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the cell of each action.

        Args:
            actions: actions `[n, A]`.

        Returns:
            Cell indices `[n, A]`, and whether each action lies in the grid `[n]`. Indices outside
            the grid are negative or continue beyond its end. An action that is not finite lies far
            outside.
        """
        actions = np.asarray(actions, dtype=np.float64)
        finite = np.all(np.isfinite(actions), axis=-1)
        grid = self.to_grid(np.where(finite[..., None], actions, 0.0))
        steps = np.clip(np.floor((grid - self.space.low) / self.cell), -FAR, FAR)
        indices = np.where(finite[..., None], self.wrap_cells(steps.astype(np.int64)), -int(FAR))
        return indices, np.all((indices >= 0) & (indices < self.shape), axis=-1)

    def wrap_cells(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Cell indices `[..., A]` with the indices on periodic axes wrapped into the grid."""
        return np.where(self.space.periodic, np.mod(indices, self.shape), indices)

    def find(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Position in `cells` of indices `[..., A]`; -1 if infeasible or outside the grid."""
        indices = self.wrap_cells(indices)
        inside = np.all((indices >= 0) & (indices < self.shape), axis=-1)
        safe = np.where(inside[..., None], indices, 0)
        return np.where(inside, self.lookup[tuple(np.moveaxis(safe, -1, 0))], -1).astype(np.int64)

    def sample(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Actions uniform over the feasible cells, `[n, A]`.

        Raises:
            InputError: no cell is feasible.
        """
        if not self.num_cells:
            raise InputError("cannot sample a truth without feasible cells; check is_empty first")
        chosen = self.cells[rng.integers(self.num_cells, size=n)]
        return self.from_grid(self.space.low + (chosen + rng.random(chosen.shape)) * self.cell)

    def moved(self, rotation: Any = None, offset: Any = None) -> "GridTruth":
        """The same cells and modes with another rotation and offset, without new labelling."""
        return replace(
            self,
            rotation=None if rotation is None else np.asarray(rotation, dtype=np.float64),
            offset=None if offset is None else np.asarray(offset, dtype=np.float64),
        )

    def dilated(self) -> "GridTruth":
        """The feasible cells and all cells of the grid that touch them, as a truth of one mode."""
        seam = [(1, 1) if axis.periodic else (0, 0) for axis in self.axes]
        padded = np.pad(self.lookup >= 0, seam, mode="wrap")
        wide = ndimage.binary_dilation(padded, np.ones((3,) * padded.ndim, dtype=bool))
        inner = tuple(
            slice(begin, begin + n) for (begin, _), n in zip(seam, self.shape, strict=True)
        )
        cells = np.argwhere(wide[inner])
        return replace(self, cells=cells, modes=np.zeros(len(cells), dtype=np.int64))

    def restrict(self, keep: NDArray[np.bool_]) -> "GridTruth":
        """The truth of a subset of the cells, with its modes labelled anew.

        Args:
            keep: which of `cells` stay, `[C]`; for example the cells whose centre is in reach.
        """
        keep = np.asarray(keep, dtype=bool)
        if keep.shape != (self.num_cells,):
            raise InputError(f"keep has shape {keep.shape}, must be ({self.num_cells},)")
        if keep.all():
            return self
        mask = np.zeros(self.shape, dtype=bool)
        mask[tuple(self.cells[keep].T)] = True
        return GridTruth.from_mask(
            mask,
            self.axes,
            self.cell,
            self.coarsening,
            rotation=self.rotation,
            offset=self.offset,
        )


def _label(mask: NDArray[np.bool_], periodic: Sequence[bool]) -> NDArray[np.int64]:
    """Number the connected regions of a mask from 0, with periodic axes closed to a ring.

    The first layer of each periodic axis is copied behind its last layer. Neighbours across the
    seam, including diagonal neighbours, then touch in the copy. Finally each region is merged with
    its copies.
    """
    seam = [(0, int(wraps)) for wraps in periodic]
    padded = np.pad(mask, seam, mode="wrap")
    regions, count = ndimage.label(padded, structure=np.ones((3,) * mask.ndim))
    original = regions[tuple(slice(length) for length in mask.shape)]
    copies = np.pad(original, seam, mode="wrap")
    same = sparse.coo_array(
        (np.ones(padded.sum(), dtype=bool), (regions[padded] - 1, copies[padded] - 1)),
        shape=(count, count),
    )
    _, merged = sparse.csgraph.connected_components(same, directed=False)
    labels = np.full(mask.shape, -1, dtype=np.int64)
    labels[mask] = merged[original[mask] - 1]
    return labels


def _largest_first(regions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Renumber regions `[C]` by size from 0, the largest; regions too small for a mode get -1."""
    sizes = np.bincount(regions) if len(regions) else np.zeros(0, dtype=np.int64)
    order = np.argsort(-sizes, kind="stable")
    kept = order[sizes[order] >= max(1.0, SMALLEST_MODE * len(regions))]
    numbers = np.full(len(sizes), -1, dtype=np.int64)
    numbers[kept] = np.arange(len(kept))
    return numbers[regions]
