"""Constraints on torques that depend on how joints move, with exact projections.

They are those of the benchmark of Kasaura et al., "Benchmarking Actor-Critic Deep Reinforcement
Learning Algorithms for Robotics Control with Action Constraints" (2023, arXiv 2304.08743). Torques
are the A numbers a in [-1, 1] that the simulated motors take; w are velocities and t angles of
the joints, as observed.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fag_tf.rl.constraint import Constraint
from fag_tf.rl.tasks.torque_projection import (
    onto_ellipse,
    onto_half_space,
    onto_half_space_and_ellipsoid,
)
from fag_tf.spaces import ActionSpace, ArraySpec, Axis, Observation

__all__ = ["Ball", "Moment", "Power", "PowerAndSine", "Tip", "TorqueConstraint"]

Array = NDArray[np.float64]
# Projections stay this many rounding errors within the bound, so that their rounded results do too.
_ROUNDINGS = 4.0


class TorqueConstraint(Constraint):
    """A convex set of torques that holds 0, bounded by sums over joints.

    Args:
        velocities: places of the A joints' velocities in the observation.
        limit: bound of the constraint.
        others: places of what else matters, by name.
    """

    def __init__(self, velocities: Sequence[int], limit: float, **others: Sequence[int]) -> None:
        self.limit = limit
        places = {"velocities": velocities, **others}
        self._places = {name: list(at) for name, at in places.items()}
        self.observation_spec = {name: ArraySpec((len(at),)) for name, at in self._places.items()}
        self.action_space = ActionSpace(
            [Axis(f"torque{number}", -1.0, 1.0) for number in range(1, len(velocities) + 1)]
        )

    def inputs(self, observation: NDArray[Any]) -> Observation:
        """`velocities` `[A]` and what else matters, by name, in single precision."""
        return {
            name: np.asarray(observation)[places].astype(np.float32)
            for name, places in self._places.items()
        }

    def feasible(
        self, inputs: Mapping[str, NDArray[Any]], actions: NDArray[Any]
    ) -> NDArray[np.bool_]:
        """Whether torques `[B, N, A]` lie in the box and within the limit, `[B, N]`."""
        torques = np.asarray(actions, np.float64)
        in_box = np.all(np.abs(torques) <= 1.0, axis=-1)
        within: NDArray[np.bool_] = in_box & self._within(self._wide(inputs), torques)
        return within

    def project(self, inputs: Mapping[str, NDArray[Any]], actions: NDArray[Any]) -> NDArray[Any]:
        """The nearest allowed torques of `[B, N, A]`, in their type; see the base class.

        They are exact but for some rounding errors by which they stay within the limit.
        """
        kind = actions.dtype if actions.dtype.kind == "f" else np.dtype(np.float64)
        torques = np.asarray(actions, np.float64)
        margin = _ROUNDINGS * float(np.finfo(kind).eps)
        projected = self._project(self._wide(inputs), torques, margin).astype(kind)
        allowed = self.feasible(inputs, actions)[..., None]
        nearest: NDArray[Any] = np.where(allowed, actions, projected)
        return nearest

    @staticmethod
    def _wide(inputs: Mapping[str, NDArray[Any]]) -> dict[str, Array]:
        """The inputs `[B, 1, A]` in double precision."""
        return {name: np.asarray(each, np.float64)[:, None] for name, each in inputs.items()}

    @abstractmethod
    def _within(self, inputs: dict[str, Array], torques: Array) -> NDArray[np.bool_]:
        """Whether torques in the box are within the limit."""

    @abstractmethod
    def _project(self, inputs: dict[str, Array], torques: Array, margin: float) -> Array:
        """The nearest torques in the box that are within the limit by a relative margin."""


class Ball(TorqueConstraint):
    """The sum of a^2 is at most a limit of 1 or less. The state does not matter (R+L2)."""

    def _within(self, inputs: dict[str, Array], torques: Array) -> NDArray[np.bool_]:
        within: NDArray[np.bool_] = np.sum(torques * torques, axis=-1) <= self.limit
        return within

    def _project(self, inputs: dict[str, Array], torques: Array, margin: float) -> Array:
        radius = np.linalg.norm(torques, axis=-1, keepdims=True)
        shrunk: Array = torques * ((1.0 - margin) * np.sqrt(self.limit) / radius.clip(1e-300))
        return shrunk


class Power(TorqueConstraint):
    """The power of the motors is limited.

    It is the sum of |w a| (O), or, if only driving motors count, of max(w a, 0) (M).

    Args:
        velocities: places of the joints' velocities in the observation.
        limit: greatest power.
        driving_only: whether braking motors need no power.
    """

    def __init__(self, velocities: Sequence[int], limit: float, driving_only: bool = False) -> None:
        super().__init__(velocities, limit)
        self.driving_only = driving_only

    def _within(self, inputs: dict[str, Array], torques: Array) -> NDArray[np.bool_]:
        power = inputs["velocities"] * torques
        power = np.maximum(power, 0.0) if self.driving_only else np.abs(power)
        within: NDArray[np.bool_] = power.sum(axis=-1) <= self.limit
        return within

    def _project(self, inputs: dict[str, Array], torques: Array, margin: float) -> Array:
        velocities = inputs["velocities"]
        cost = np.abs(velocities) + np.zeros_like(torques)
        if self.driving_only:
            cost = np.where(velocities * torques > 0.0, cost, 0.0)
        bound = self.limit - margin * (self.limit + cost.sum(axis=-1))
        return np.sign(torques) * onto_half_space(np.abs(torques), cost, bound, 0.0)


class Moment(TorqueConstraint):
    """A bound on a sum with signs over the upper joints of two legs of three joints each (HC+MA).

    The sum is w1 a1 sin(t1 + t2 + t3) + w4 a4 sin(t4 + t5 + t6).

    Args:
        velocities: places of the joints' velocities in the observation.
        limit: greatest sum.
        angles: places of the joints' angles in the observation.
    """

    def __init__(self, velocities: Sequence[int], limit: float, angles: Sequence[int]) -> None:
        super().__init__(velocities, limit, angles=angles)

    def _factors(self, inputs: dict[str, Array]) -> Array:
        factors = np.zeros_like(inputs["velocities"])
        for first in (0, 3):
            turn = inputs["angles"][..., first : first + 3].sum(axis=-1)
            factors[..., first] = inputs["velocities"][..., first] * np.sin(turn)
        return factors

    def _within(self, inputs: dict[str, Array], torques: Array) -> NDArray[np.bool_]:
        within: NDArray[np.bool_] = (self._factors(inputs) * torques).sum(axis=-1) <= self.limit
        return within

    def _project(self, inputs: dict[str, Array], torques: Array, margin: float) -> Array:
        factors = self._factors(inputs) + np.zeros_like(torques)
        bound = self.limit - margin * (self.limit + np.abs(factors).sum(axis=-1))
        return onto_half_space(torques, factors, bound, -1.0)


class PowerAndSine(TorqueConstraint):
    """The sum of |w a| is limited, and the sum of a^2 sin^2 t as well (O+S).

    Args:
        velocities: places of the joints' velocities in the observation.
        limit: greatest power.
        angles: places of the joints' angles in the observation.
        sine_limit: bound of the second sum.
    """

    def __init__(
        self,
        velocities: Sequence[int],
        limit: float,
        angles: Sequence[int],
        sine_limit: float,
    ) -> None:
        super().__init__(velocities, limit, angles=angles)
        self.sine_limit = sine_limit

    def _within(self, inputs: dict[str, Array], torques: Array) -> NDArray[np.bool_]:
        power = np.abs(inputs["velocities"] * torques).sum(axis=-1)
        sines = np.sin(inputs["angles"]) * torques
        return (power <= self.limit) & ((sines * sines).sum(axis=-1) <= self.sine_limit)

    def _project(self, inputs: dict[str, Array], torques: Array, margin: float) -> Array:
        cost = np.abs(inputs["velocities"]) + np.zeros_like(torques)
        weights = np.sin(inputs["angles"]) ** 2 + np.zeros_like(torques)
        bound = self.limit - margin * (self.limit + cost.sum(axis=-1))
        ball = self.sine_limit * (1.0 - margin)
        nearest = onto_half_space_and_ellipsoid(np.abs(torques), cost, bound, weights, ball)
        return np.sign(torques) * nearest


class Tip(TorqueConstraint):
    """A bound on what both torques of an arm with two joints do to its tip (R+T).

    It is a1^2 + 2 a1 (a1 + a2) cos(t2) + (a1 + a2)^2.

    Args:
        velocities: places of the joints' velocities in the observation. They do not matter.
        limit: bound of the sum.
        elbow: place of the cosine of the second angle in the observation.
    """

    def __init__(self, velocities: Sequence[int], limit: float, elbow: int) -> None:
        super().__init__(velocities, limit, cosine=[elbow])

    def _matrix(self, inputs: dict[str, Array]) -> Array:
        """The sum as a' matrix a, `[B, 1, 2, 2]`."""
        mixed = 1.0 + np.clip(inputs["cosine"], -1.0, 1.0)
        rows = [[2.0 * mixed, mixed], [mixed, np.ones_like(mixed)]]
        return np.concatenate([np.stack(row, axis=-1) for row in rows], axis=-2)

    def _within(self, inputs: dict[str, Array], torques: Array) -> NDArray[np.bool_]:
        matrix = self._matrix(inputs)
        total = np.einsum("...i,...ij,...j->...", torques, matrix, torques)
        within: NDArray[np.bool_] = total <= self.limit
        return within

    def _project(self, inputs: dict[str, Array], torques: Array, margin: float) -> Array:
        matrix = np.broadcast_to(self._matrix(inputs), (*torques.shape, 2))
        return onto_ellipse(torques, matrix, self.limit * (1.0 - margin) - margin)
