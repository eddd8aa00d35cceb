"""Grasps that all hold by the exact rules, of a part whose outline is known.

The model's candidates come first. Those that the rules accept are kept, until there are enough or
the tries are used up. If there are too few, grasps drawn by the rules alone fill up, and the whole
should be uniform on the feasible set F, whose volume is V.

There are then two estimates of the same distribution. The first is the pool: n grasps that are
uniform on F (`exact_sampling`). It is exact, and it estimates V too. The second are the m accepted
candidates of T tries. Where the model draws with density q, their expected density is T q, and an
even set of n has n / V. Two steps join them:

1. Where T q exceeds n / V, the candidates alone are too dense. Each is kept with probability
   min(1, n / (V T q)), so that r are left, nowhere denser than an even set. The model gives 1 / q
   of each candidate; without that output all are kept.
2. What lacks has the density n / V - min(T q, n / V), which only the model could evaluate, since
   an exported model gives q at its own samples alone. But the pool is a sample of n / V and the r
   are one of the rest. So each of the r takes the place of one grasp of the pool, and the sum of
   the squared distances is as small as possible (optimal transport). The n - r grasps of the pool
   that are left are the fill. They lie where the model leaves F empty, such as in a whole mode.

The pairing takes a time of n^3, so it is done within random groups of at most 256 grasps, of which
each is an even set by itself.
"""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from fag_tf.deployment.feasible_sampling import FeasibleSamples, draw_feasible
from fag_tf.deployment.sampler import SavedModel
from fag_tf.deployment.viewed_model import ViewedModel
from fag_tf.environments.planar_grasp.feasibility.exact_sampling import draw_exact, walk
from fag_tf.environments.planar_grasp.feasibility.obstacles import (
    Neighbours,
    holds_beside,
    joined,
)
from fag_tf.environments.planar_grasp.feasibility.reasons import reason_for_none
from fag_tf.environments.planar_grasp.gripper import Gripper
from fag_tf.spaces import Observation

__all__ = ["GraspSamples", "draw_verified", "even_fill"]

_TRIES_PER_GRASP, _LEAST_TRIES = 8, 4096
_GROUP = 256
_STREAM = 22_001

# A turn by 1 rad moves the ends of a jaw by some 5 cm: the measure of distance between grasps.
_METRES_PER_RADIAN = 0.05


@dataclass(frozen=True)
class GraspSamples(FeasibleSamples):
    """Grasps of one scene.

    Attributes:
        verified: whether every grasp holds by the exact rules, on an outline that is known.
        traced: whether every grasp holds by them on the outline that is traced in the picture.
        filled: number of grasps that were drawn by the exact rules, the last ones. Their
            feasibility is 1 and their log density is not a number.
        exact_tries: number of grasps that the exact rules tried for them.
        exact_found: number of grasps that held among these tries. If it is less than `filled`, the
            others were reached by small steps from them.
        reason: why there is no grasp; empty if there is one, or if the reason is not known.
    """

    verified: bool = False
    traced: bool = False
    filled: int = 0
    exact_tries: int = 0
    exact_found: int = 0
    reason: str = ""


def draw_verified(
    model: SavedModel | ViewedModel,
    observation: Observation,
    part: shapely.Polygon,
    gripper: Gripper,
    count: int,
    seed: int,
    min_feasibility: float = 0.5,
    neighbours: Neighbours = (),
) -> GraspSamples:
    """Draw grasps that hold by the exact rules; see the module for how they are kept even.

    Args:
        model: a model of grasps, which gives them in the table's frame.
        observation: what the model sees of one state, `[1, ...]`.
        part: outline of the part in that state, m, in the table's frame.
        gripper: the jaw in that state.
        count: number of grasps n wanted. At most 8 n of the model's candidates are tried, but never
            fewer than 4,096.
        seed: seed of all random numbers.
        min_feasibility: least probability of the critic to keep a candidate of the model.
        neighbours: polygons that no finger may touch, m. A grasp that touches one does not hold.

    Returns:
        `count` grasps that hold. There are fewer only if the exact rules alone find none within
        their bound of tries, and none at all if the model finds none either.

    Raises:
        InputError: `draw_feasible` raises it.
    """
    neighbours = joined(neighbours)
    (drawn,) = draw_feasible(
        model,
        observation,
        count,
        seed,
        min_feasibility,
        max(_TRIES_PER_GRASP * count, _LEAST_TRIES),
        accept=lambda _, actions: holds_beside(neighbours, part, gripper, actions),
    )
    if len(drawn.action) == count:
        return GraspSamples(**vars(drawn), verified=True)
    rng = np.random.default_rng([_STREAM, seed])
    pool = draw_exact(part, gripper, count, rng, neighbours=neighbours)
    if not pool.found:
        return _without_pool(drawn, part, gripper, neighbours, count, rng, pool.rejected_from)
    kept = _thinned(drawn, count / pool.volume, rng)
    fill = even_fill(pool.action, drawn.action[kept], rng)
    return _filled(drawn, kept, fill, pool.rejected_from, pool.found)


def _without_pool(
    drawn: FeasibleSamples,
    part: shapely.Polygon,
    gripper: Gripper,
    neighbours: Neighbours,
    count: int,
    rng: np.random.Generator,
    tries: int,
) -> GraspSamples:
    """Fill up from the model's candidates alone, weighted by 1 / q; or say why there are none."""
    number = len(drawn.action)
    if not number:
        reason = reason_for_none(part, gripper, neighbours)
        return GraspSamples(**vars(drawn), verified=True, exact_tries=tries, reason=reason)
    weights = np.ones(number)
    if drawn.log_density is not None:
        weights = np.exp(drawn.log_density.min() - drawn.log_density.astype(np.float64))
    starts = drawn.action[rng.choice(number, count - number, p=weights / weights.sum())]
    fill = walk(part, gripper, starts, count - number, rng, neighbours)
    return _filled(drawn, np.arange(number), fill, tries, 0)


def _thinned(drawn: FeasibleSamples, even: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """Indices of the candidates that are kept so that none lie denser than `even`, per m^2 rad."""
    if drawn.log_density is None or not len(drawn.action):
        return np.arange(len(drawn.action))
    log_excess = math.log(drawn.tries / even) + drawn.log_density.astype(np.float64)
    return np.flatnonzero(np.log(rng.random(len(log_excess))) < -log_excess)


def _filled(
    drawn: FeasibleSamples,
    kept: NDArray[np.intp],
    fill: NDArray[np.float32],
    tries: int,
    found: int,
) -> GraspSamples:
    unknown = np.full(len(fill), np.nan, np.float32)
    log_density = drawn.log_density
    return GraspSamples(
        action=np.concatenate([drawn.action[kept], fill]),
        feasibility=np.concatenate([drawn.feasibility[kept], np.ones(len(fill), np.float32)]),
        tries=drawn.tries,
        best=drawn.best,
        log_density=None if log_density is None else np.concatenate([log_density[kept], unknown]),
        verified=True,
        filled=len(fill),
        exact_tries=tries,
        exact_found=found,
    )


def even_fill(
    pool: NDArray[np.float32], taken: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """The grasps of an even pool that are left when given grasps take the places nearest to them.

    Args:
        pool: grasps (x, y, theta) that are uniform on the feasible set, in random order, `[n, 3]`.
        taken: grasps that are there already, `[r, 3]`, r at most n.
        rng: deals the grasps to groups.

    Returns:
        n - r grasps of the pool, `[n - r, 3]`.
    """
    # SciPy is slow to load, and mostly the model gives enough.
    from scipy.optimize import linear_sum_assignment

    pools = np.array_split(pool, max(1, math.ceil(len(pool) / _GROUP)))
    left = []
    for own, near in zip(pools, _dealt(taken, [len(own) for own in pools], rng), strict=True):
        apart = _embedded(own)[:, None] - _embedded(near)[None]
        places, _ = linear_sum_assignment((apart**2).sum(axis=-1))
        left.append(np.delete(own, places, axis=0))
    return np.concatenate(left)


def _dealt(
    taken: NDArray[np.float32], sizes: list[int], rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """Grasps in random groups, in the proportions of the sizes and none larger than its size."""
    shuffled = taken[rng.permutation(len(taken))]
    ends = np.cumsum(sizes) * len(taken) // sum(sizes)
    return np.split(shuffled, ends[:-1])


def _embedded(grasps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Grasps as points `[n, 4]` in m; theta and theta + pi are one point."""
    turn = 2.0 * grasps[:, 2].astype(np.float64)
    circle = 0.5 * _METRES_PER_RADIAN * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.concatenate([grasps[:, :2].astype(np.float64), circle], axis=1)
