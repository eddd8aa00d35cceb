"""A baseline without learning: the outline is traced in the image, and the rules are applied to it.

Pixels of 2.3 mm round the corners of the outline. The contact often depends on such corners, so
some grasps of this baseline fail. Its figures are a reference for a learnt sampler. They are not an
upper bound, because a learnt sampler can know typical outlines.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.feasibility.rules import feasibility
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.environments.planar_grasp.parts.outlines import traced
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.spaces import Observation

__all__ = ["PictureReader", "outline_of"]

_Floats = NDArray[np.float64]

# Tolerance for simplifying the traced outline, m, which removes its steps from pixel to pixel.
_DETAIL = 5e-4

# Number of grasps in one round of rejection, and greatest number of rounds.
_ROUND, _ROUNDS = 100_000, 100


def outline_of(occupancy: NDArray[np.floating]) -> shapely.Polygon | None:
    """The outline of the object in an image of the table, m; None for an empty image.

    The outline runs where pixels are half covered. If there are several pieces, the largest piece
    is taken.

    Args:
        occupancy: share of each pixel that the object covers, `[H, H]`.
    """
    pieces = traced(occupancy)
    if not pieces:
        return None
    pixel = TABLE_SIDE / occupancy.shape[1]
    largest = pieces[int(np.argmax(shapely.area(pieces)))]
    return shapely.simplify(shapely.transform(largest, lambda xy: xy * pixel), _DETAIL)


class PictureReader:
    """Samples grasps uniformly among the grasps that the rules accept for the traced outline.

    Args:
        margin: greatest move in the robustness check, m. A sample is kept only if it also holds
            after a move by `margin` forwards or backwards along u or along v.
        turn: greatest turn in the robustness check, rad. A sample is kept only if it also holds
            after a turn by `turn` in either direction.
    """

    def __init__(self, margin: float = 0.001, turn: float = np.pi / 90) -> None:
        self._shifts = np.array(
            [sign * step for step in np.diag([margin, margin, turn]) for sign in (-1.0, 1.0)]
        )

    def __call__(
        self, observation: Observation, num_samples: int, seed: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Draw grasps `[B, K, 3]`, m and rad, with 1 for kept and 0 for other grasps, `[B, K]`.

        If the rules accept no grasp in a state, the grasps are uniform near the object and none of
        them is kept.
        """
        rng = np.random.default_rng(seed)
        answers = [
            self._read(image[..., 0], Gripper(*map(float, gripper)), num_samples, rng)
            for image, gripper in zip(observation["image"], observation["gripper"], strict=True)
        ]
        actions, kept = (np.stack(part) for part in zip(*answers, strict=True))
        return actions.astype(np.float32), kept.astype(np.float32)

    def _read(
        self, share: NDArray[np.floating], gripper: Gripper, count: int, rng: np.random.Generator
    ) -> tuple[_Floats, NDArray[np.bool_]]:
        part = outline_of(share)
        if part is None:
            half = 0.5 * TABLE_SIDE
            nowhere = rng.uniform((-half, -half, 0.0), (half, half, np.pi), (count, 3))
            return nowhere, np.zeros(count, bool)
        grasps = _even_grasps(part, gripper, count, rng)
        kept = feasibility(part, gripper, grasps)
        for shift in self._shifts:
            kept &= feasibility(part, gripper, _moved(grasps, shift))
        return grasps, kept


def _even_grasps(
    part: shapely.Polygon, gripper: Gripper, count: int, rng: np.random.Generator
) -> _Floats:
    """Draw grasps `[count, 3]`, uniform among the grasps that the rules accept, by rejection.

    If too few grasps are found, they are repeated. If no grasp is found, the result is uniform
    around the part.
    """
    around = 0.5 * np.hypot(gripper.opening, gripper.pad_width)
    x_low, y_low, x_high, y_high = part.bounds
    low = np.array([x_low - around, y_low - around, 0.0])
    high = np.array([x_high + around, y_high + around, np.pi])
    found = np.empty((0, 3))
    for _ in range(_ROUNDS):
        tried = rng.uniform(low, high, (_ROUND, 3))
        found = np.concatenate([found, tried[feasibility(part, gripper, tried)]])
        if len(found) >= count:
            return found[:count]
    return np.resize(found, (count, 3)) if len(found) else rng.uniform(low, high, (count, 3))


def _moved(grasps: _Floats, shift: _Floats) -> _Floats:
    """Move grasps `[n, 3]` by (u, v, turn), m and rad, in their own frames."""
    u, v, turn = shift
    cos, sin = np.cos(grasps[:, 2]), np.sin(grasps[:, 2])
    return grasps + np.stack([cos * u - sin * v, sin * u + cos * v, np.full_like(cos, turn)], 1)
