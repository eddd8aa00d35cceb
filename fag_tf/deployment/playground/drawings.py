"""The page's figures as numbers: jaws, a rose of angles, maps of positions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.fingers import at_grasps, closing_line, open_fingers
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE

__all__ = ["SECTORS", "jaws", "position_maps", "rose"]

SECTORS = 12
"""Sectors of 15 degrees that angles fall into; an angle and its opposite are the same grasp."""

MM = 1e3
_TICK = 2.5e-3  # m, half the length of the short piece of the closing line that stands for a jaw
_CELL = 0.006  # m, of a position map
_ARC = 6  # points on a wedge's arc
_Floats = NDArray[np.float64]


def jaws(grasps: _Floats, gripper: Gripper) -> dict[str, list[Any]]:
    """What is drawn of each of the grasps `[K, 3]`, in mm.

    Returns:
        `ticks` `[K, 2, 2]`, short pieces of the closing lines; `closing` `[K, 2, 2]`, from pad to
        pad; `fingers` `[K, 2, 4, 2]`, both fingers' corners.
    """
    return {
        "ticks": _placed(grasps, np.array([[-_TICK, 0.0], [_TICK, 0.0]])),
        "closing": _placed(grasps, closing_line(gripper)),
        "fingers": _placed(grasps, open_fingers(gripper)),
    }


def _placed(grasps: _Floats, uv: _Floats) -> list[Any]:
    """Points `[..., 2]` of the gripper's frame where each of the grasps has them, mm."""
    return list(np.round(MM * at_grasps(grasps, uv), 2).tolist())


def rose(theta: _Floats) -> dict[str, Any]:
    """How many of the angles `[K]` fall into each sector, and the sectors' shapes.

    Returns:
        `counts` `[SECTORS]`; `wedges`, polygons in a circle of radius 1, both of a sector's
        opposite halves, whose areas are in proportion to the counts; `rings` to draw behind them.
        Sector i is centred on i times 15 degrees.
    """
    width = np.pi / SECTORS
    sector = _sector(theta)
    counts = np.bincount(sector, minlength=SECTORS)
    radius = np.sqrt(counts / max(int(counts.max(initial=0)), 1))
    wedges = []
    for index in range(SECTORS):
        arc = width * (index + np.linspace(-0.5, 0.5, _ARC))
        full = [np.stack([np.cos(a), np.sin(a)], 1) for a in (arc, arc + np.pi)]
        halves = [np.vstack([np.zeros((1, 2)), part]) for part in full]
        wedges.append(
            {
                "sector": [np.round(half, 4).tolist() for half in halves],
                "wedge": [np.round(radius[index] * half, 4).tolist() for half in halves],
                "degrees": round(float(np.rad2deg(width * index)), 1),
            }
        )
    return {"counts": counts.tolist(), "wedges": wedges}


def _sector(theta: _Floats) -> NDArray[np.int64]:
    width = np.pi / SECTORS
    return np.floor(theta / width + 0.5).astype(np.int64) % SECTORS


def position_maps(
    grasps: _Floats, extent: _Floats, middle: tuple[float, float] = (0.0, 0.0)
) -> dict[str, Any]:
    """How many grasps' centres fall into each cell of a grid, in all and for each sector of angle.

    Args:
        grasps: `[K, 3]`.
        extent: corners `[2, 2]` of what the map must hold, m.
        middle: of the table, m; the map ends where the table does.

    Returns:
        `cell` and `left`, `top`, mm; `rows`, `columns`; `counts` `[1 + SECTORS][rows * columns]`,
        row 0 the top, first those of all angles.
    """
    half = 0.5 * TABLE_SIDE
    least, greatest = np.array(middle) - half, np.array(middle) + half
    low = np.floor((np.maximum(extent[0], least) - 1e-9) / _CELL) * _CELL
    columns, rows = np.maximum(
        np.ceil((np.minimum(extent[1], greatest) - low + 1e-9) / _CELL).astype(int), 1
    )
    top = low[1] + rows * _CELL
    column = np.clip(((grasps[:, 0] - low[0]) / _CELL).astype(int), 0, columns - 1)
    row = np.clip(((top - grasps[:, 1]) / _CELL).astype(int), 0, rows - 1)
    counts = np.zeros((1 + SECTORS, rows * columns), np.int64)
    place = row * columns + column
    np.add.at(counts[0], place, 1)
    np.add.at(counts, (1 + _sector(grasps[:, 2]), place), 1)
    return {
        "cell": MM * _CELL,
        "left": round(MM * float(low[0]), 3),
        "top": round(MM * float(top), 3),
        "rows": int(rows),
        "columns": int(columns),
        "counts": counts.tolist(),
    }
