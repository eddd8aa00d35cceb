"""What the page is told: grasps with everything that is to be seen of them, in plain values.

All numbers of a drawing are computed here, in mm in the table's frame (y up); the page only puts
them on the screen.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.deployment.feasible_sampling import FeasibleSamples
from fag_tf.deployment.grasp_sampling import GraspModel
from fag_tf.deployment.playground.drawings import jaws, position_maps, rose
from fag_tf.deployment.playground.queries import OpenChoice, PageQuery
from fag_tf.environments.grid_truth import GridTruth
from fag_tf.environments.planar_grasp.feasibility.grid import CELL, COARSENING, grasp_truth
from fag_tf.environments.planar_grasp.feasibility.rules import RULES, first_broken_rule
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.table_scene import Scene
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE, Pose
from fag_tf.evaluation.metrics import assign_modes

__all__ = ["answer_query", "cluster_truth"]

MM = 1e3


def answer_query(model: GraspModel, query: PageQuery | OpenChoice) -> dict[str, Any]:
    """Draw grasps and say everything about them; or name the objects that are to be chosen from.

    Raises:
        InputError: the gripper or the picture is not one that the model was trained on.
    """
    if isinstance(query, OpenChoice):
        objects = [_rings([each]) for each in query.objects]
        return {"name": query.name, "notes": list(query.notes), "objects": objects, "index": None}
    scene, gripper = query.scene, query.gripper
    # The exact verdicts are asked for to see how far the network's own grasps can be trusted.
    verified = not query.exact
    found = model.draw(scene, gripper, query.count, query.seed, query.min_feasibility, verified)
    local = found.action.astype(np.float64)
    grasps = scene.in_frame(local)
    modes, labels = _modes(query, local)
    drawn = jaws(grasps, gripper)
    outline = _polygons(scene)
    others = [scene.moved(each) for each in scene.neighbours]
    return {
        "name": scene.name,
        "notes": [*scene.notes, *scene.notes_on(local, gripper)],
        "seed": query.seed,
        "tries": found.tries,
        "best": round(found.best, 4),
        "verified": found.verified,
        "traced": found.traced,
        "filled": found.filled,
        "reason": found.reason,
        "outline": _rings(outline),
        "neighbours": _rings(others),
        "objects": [_rings([each]) for each in query.objects],
        "index": query.index if query.objects else None,
        "view": _view(_extent(outline, grasps), drawn["fingers"]),
        "grasps": _grasps(found, labels, grasps),
        "jaws": drawn,
        "walk": np.lexsort((grasps[:, 2], np.where(labels < 0, len(labels), labels))).tolist(),
        "modes": modes,
        "rose": rose(grasps[:, 2]),
        "maps": position_maps(grasps, _extent(outline, grasps), scene.origin),
        "exact": _exact(scene, gripper, local) if query.exact else None,
        "csv": model.csv(
            replace(found, action=scene.in_frame(found.action)), scene.columns(local, gripper)
        ),
    }


def _grasps(
    found: FeasibleSamples, labels: NDArray[np.int64], grasps: NDArray[np.float64]
) -> list[dict[str, Any]]:
    rows = zip(grasps.tolist(), found.feasibility.tolist(), labels.tolist(), strict=True)
    return [
        {
            "x": round(MM * x, 1),
            "y": round(MM * y, 1),
            "degrees": round(float(np.rad2deg(theta)), 1),
            "feasibility": round(sure, 4),
            "mode": mode,
        }
        for (x, y, theta), sure, mode in rows
    ]


def cluster_truth(grasps: NDArray[np.float64]) -> GridTruth:
    """The coarse cells (8 mm x 8 mm x 15 degrees) that grasps `[K, 3]` lie in, and their regions.

    What falls into regions is counted as the modes of a truth are.
    """
    cell = np.array(CELL) * COARSENING
    shape = tuple(
        int(np.ceil(axis.width / width - 1e-9))
        for axis, width in zip(ACTION_SPACE.axes, cell, strict=True)
    )
    mask = np.zeros(shape, bool)
    empty = GridTruth.from_mask(mask, ACTION_SPACE.axes, cell)
    indices, inside = empty.cell_index(grasps)
    mask[tuple(indices[inside].T)] = True
    return GridTruth.from_mask(mask, ACTION_SPACE.axes, cell)


def _modes(
    query: PageQuery, grasps: NDArray[np.float64]
) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """How many modes there are and how many grasps count for each; each grasp's, `[K]`."""
    part = query.scene.part
    if part is not None:
        truth = grasp_truth(part, query.gripper, Pose())
        if query.scene.neighbours:
            truth = truth.restrict(query.scene.misses_neighbours(truth.centres, query.gripper))
        word = "mode"
        expected = (truth.mode_sizes / max(truth.num_cells, 1)).tolist()
    else:
        truth = cluster_truth(grasps)
        word = "cluster"
        expected = None
    labels = assign_modes(truth, grasps)
    counts = np.bincount(labels[labels >= 0], minlength=truth.num_modes)
    about = {
        "word": word,
        "count": truth.num_modes,
        "found": int((counts > 0).sum()),
        "grasps": counts.tolist(),
        "stray": int((labels < 0).sum()),
        "expected": None if expected is None else [round(share, 4) for share in expected],
    }
    return about, labels


def _exact(scene: Scene, gripper: Gripper, grasps: NDArray[np.float64]) -> dict[str, Any] | None:
    """The verdict of the rules on each grasp; None if no outline is known."""
    outline = scene.outline()
    if outline is None:
        return None
    broken = first_broken_rule(outline, gripper, grasps)
    broken[(broken == 0) & ~scene.misses_neighbours(grasps, gripper)] = len(RULES)
    return {
        "known": scene.part is not None,
        "rules": [*RULES, "a finger meets a neighbour"],
        "broken": broken.tolist(),
        "feasible": int((broken == 0).sum()),
    }


def _polygons(scene: Scene) -> list[shapely.Polygon]:
    """The outline of the part in the frame of the answer, m."""
    outline = scene.outline()
    return [] if outline is None else [scene.moved(outline)]


def _rings(polygons: Sequence[shapely.Polygon]) -> list[list[list[float]]]:
    """All rings of polygons, mm; drawn by the even-odd rule."""
    return [
        np.round(MM * shapely.get_coordinates(ring), 2).tolist()
        for polygon in polygons
        for ring in shapely.get_rings(polygon)
    ]


def _extent(outline: Sequence[shapely.Polygon], grasps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners `[2, 2]` of what holds the part and every grasp's centre, m."""
    points = [shapely.get_coordinates(polygon) for polygon in outline]
    points.append(grasps[:, :2])
    together = np.concatenate(points)
    return np.stack([together.min(axis=0), together.max(axis=0)])


def _view(extent: NDArray[np.float64], fingers: list[Any]) -> list[float]:
    """Left, top (y down), width and height of the square that shows part and jaws, mm."""
    points = np.vstack([MM * extent, np.array(fingers, np.float64).reshape(-1, 2)])
    low, high = points.min(axis=0), points.max(axis=0)
    half = 0.53 * float((high - low).max())
    x, y = (0.5 * (low + high)).tolist()
    return [round(value, 2) for value in (x - half, -y - half, 2 * half, 2 * half)]
