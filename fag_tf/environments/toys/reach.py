"""A planar arm that reaches between obstacles, with one action axis for each joint."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fag_tf.environments.rejection_truth import draw_by_rejection
from fag_tf.environments.sampled_truth import SampledTruth
from fag_tf.environments.toys.base import MOST_AXES, Array, Toy, check_number
from fag_tf.spaces import ActionSpace, ArraySpec, Axis

__all__ = ["Reach", "ReachState"]

GOAL_RADIUS = 0.18
OBSTACLE_RADIUS = 0.08
CLEARANCE = 0.02
SMALLEST_MODE = 0.02
DRAWS = 4096


@dataclass(frozen=True, eq=False)
class ReachState:
    """Goal of the tip `[2]`, and centres of the obstacles `[num_obstacles, 2]`."""

    goal: Array
    obstacles: Array


class Reach(Toy[ReachState]):
    """An arm of length 1 with links of equal length and its base at the origin.

    An action is an angle for each joint, relative to the previous link. An action is feasible if
    the tip lies in the disc around the goal and no link touches an obstacle, which is also a disc.
    A mode is the set of all chains that pass each obstacle on the same side. The truth is found by
    rejection sampling.

    Args:
        dim: number of joints.
        num_obstacles: number of obstacles.
    """

    name = "reach"
    state_class = ReachState
    kinds = ("near", "far")

    def __init__(self, dim: int = 3, num_obstacles: int = 2) -> None:
        check_number("dim", dim, MOST_AXES)
        check_number("num_obstacles", num_obstacles, 4)
        self.num_obstacles = num_obstacles
        # Joints of long chains bend less, because otherwise most chains would stay near the base.
        bend = min(0.9 * np.pi, 2.0 * np.pi / np.sqrt(dim))
        joints = [Axis(f"joint{index}", -bend, bend, "rad") for index in range(1, dim)]
        self.action_space = ActionSpace([Axis("joint0", -np.pi, np.pi, "rad", True), *joints])
        self.observation_spec = {
            "goal": ArraySpec((2,)),
            "obstacles": ArraySpec((num_obstacles, 2)),
        }

    def draw_state(self, rng: np.random.Generator, kind: str | None = None) -> ReachState:
        """Draw a goal that a random pose of the arm reaches, and obstacles near the path to it.

        Goals of the kind `near` lie within 0.65 of the base, goals of the kind `far` beyond. An arm
        of one joint has only one distance.
        """
        while True:
            pose = self.action_space.sample(rng, 1)[0].astype(np.float64)
            goal = self.chain(pose)[-1]
            far = float(np.linalg.norm(goal))
            wrong = kind is not None and (far > 0.65) != (kind == "far")
            if far < 0.35 or (wrong and self.action_space.dim > 1):
                continue
            along = rng.uniform(0.3, 0.8, (self.num_obstacles, 1))
            beside = rng.uniform(-0.25, 0.25, (self.num_obstacles, 1))
            across = np.array([-goal[1], goal[0]]) / far
            state = ReachState(goal, along * goal + beside * across)
            from_base = np.linalg.norm(state.obstacles, axis=-1)
            from_goal = np.linalg.norm(state.obstacles - goal, axis=-1)
            free = np.all(from_base > OBSTACLE_RADIUS + CLEARANCE) and np.all(
                from_goal > OBSTACLE_RADIUS + GOAL_RADIUS
            )
            if free and np.all(self._distances(state, self.chain(pose)) > 0.1):
                return state

    def chain(self, actions: Array) -> Array:
        """Positions `[..., A + 1, 2]` of base, joints and tip for actions `[..., A]`."""
        angle = np.cumsum(actions, axis=-1)
        steps = np.stack([np.cos(angle), np.sin(angle)], axis=-1) / self.action_space.dim
        return np.concatenate([np.zeros_like(steps[..., :1, :]), np.cumsum(steps, axis=-2)], -2)

    def _distances(self, state: ReachState, chain: Array) -> Array:
        """Distances `[..., num_obstacles]` from the centre of each obstacle to the nearest link."""
        begin, link = chain[..., :-1, :], np.diff(chain, axis=-2)
        nearest = []
        for middle in state.obstacles:
            out = middle - begin
            along = np.sum(out * link, axis=-1) * self.action_space.dim**2
            apart = out - np.clip(along, 0.0, 1.0)[..., None] * link
            nearest.append(np.sqrt(np.sum(apart**2, axis=-1).min(axis=-1)))
        return np.stack(nearest, axis=-1)

    def contains(self, state: ReachState, actions: Array) -> NDArray[np.bool_]:
        """Whether the tip of actions `[..., A]` is at the goal and no link touches an obstacle."""
        chain = self.chain(actions)
        there = np.linalg.norm(chain[..., -1, :] - state.goal, axis=-1) <= GOAL_RADIUS
        held = np.zeros(there.shape, dtype=bool)
        held[there] = np.all(self._distances(state, chain[there]) > OBSTACLE_RADIUS, axis=-1)
        return held

    def ways(self, state: ReachState, actions: Array) -> NDArray[np.int64]:
        """Number of the mode of feasible actions `[n, A]`, from the sides of the obstacles, `[n]`.

        The angle by which a chain turns around an obstacle that it does not touch is positive or
        negative. Chains with different signs cannot be deformed into each other while the tip stays
        fixed.
        """
        chain = self.chain(actions)
        way = np.zeros(len(actions), np.int64)
        for place, middle in enumerate(state.obstacles):
            out = chain - middle
            angle = np.arctan2(out[..., 1], out[..., 0])
            turn = np.mod(np.diff(angle, axis=-1) + np.pi, 2.0 * np.pi) - np.pi
            way |= (turn.sum(axis=-1) > 0.0).astype(np.int64) << place
        return way

    def truth(self, state: ReachState) -> SampledTruth:
        """Feasible actions among uniform actions; modes hold at least 2% of these actions."""
        pool = _feasible_of(self.action_space.dim, state.goal.tobytes(), state.obstacles.tobytes())
        counts = np.bincount(self.ways(state, pool), minlength=2**self.num_obstacles)
        order = np.argsort(-counts, kind="stable")
        shares = counts[order] / max(len(pool), 1)
        number = np.full(len(counts), -1)
        kept = order[(shares >= SMALLEST_MODE) & (shares > 0.0)]
        number[kept] = np.arange(len(kept))
        return SampledTruth(
            space=self.action_space,
            draw=lambda rng, n: pool[rng.choice(len(pool), n, replace=n > len(pool))],
            mode_of=lambda actions: number[self.ways(state, actions)],
            mode_shares=shares[: len(kept)],
        )


@functools.lru_cache(maxsize=256)
def _feasible_of(dim: int, goal: bytes, obstacles: bytes) -> Array:
    """Up to `DRAWS` actions `[n, A]` uniform over the feasible set of a state, cached."""
    middles = np.frombuffer(obstacles).reshape(-1, 2)
    reach = Reach(dim, len(middles))
    state = ReachState(np.frombuffer(goal), middles)
    rng = np.random.default_rng(0)
    return draw_by_rejection(
        rng, reach.action_space, lambda actions: reach.contains(state, actions), DRAWS
    )[0]
