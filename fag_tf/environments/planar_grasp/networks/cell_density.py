"""The density of a scanning actor: cells of direction and place along the pads, intervals along u.

Each hold has a cell: the turns and shifts that are nearer to its strip than to any other. The cell
is divided into 3 x 3 parts. Within a part, the density is even over turn and shift, and over the
places u of the hold's interval. The mass of a part is its volume times the network's probability
to the power gamma. The density integrates to 1, so it is exact.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.contact_network import NUM_BELIEFS, Belief
from fag_tf.environments.planar_grasp.networks.holds import Holds
from fag_tf.environments.planar_grasp.networks.object_view import ObjectView
from fag_tf.environments.planar_grasp.networks.strips import HALF_TURN_STEP, direction_angles
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE

__all__ = ["CellDensity", "Frame", "Place", "cell_density"]

_PARTS = 3  # parts of a cell on each of its two axes
_MIDDLES = ((2.0 * np.arange(_PARTS) + 1.0) / _PARTS - 1.0).astype(np.float32)
_PER_HOLD = _PARTS * _PARTS
_TURNS, _SHIFTS = (grid.ravel() for grid in np.meshgrid(_MIDDLES, _MIDDLES, indexing="ij"))

# An interval is used up to this number of edge widths from its ends, where grasps rarely hold.
_INSET = 1.5
# Least half length of an interval, m, for a density that stays finite.
_LEAST_HALF = 1e-6
# Rounds of bisection, enough for 2 ** 17 parts of a state's cells.
_ROUNDS = 17
_UNIT_VOLUME = 1e-6  # m^2, so that masses are numbers near 1


class Place(NamedTuple):
    """Grasps in the frame of their hold.

    Attributes:
        hold: number of the hold, int32 `[B, N]`.
        turn: turn from the strip's direction, rad, `[B, N]`.
        shift: shift along v from the strip's middle, m, `[B, N]`.
        u: place of the jaw's middle along the closing direction, m, `[B, N]`.
    """

    hold: tf.Tensor
    turn: tf.Tensor
    shift: tf.Tensor
    u: tf.Tensor


class Frame(NamedTuple):
    """Holds with their strips and objects, each attribute `[...]`.

    Attributes:
        belief: what the network believes.
        theta: direction of the strip, rad.
        v: coordinate of the strip's middle along the pads, m.
        left: place u where the left pad touches, m.
        right: place u where the right pad touches, m.
        x: x of the object's centroid on the table, m.
        y: y of the object's centroid on the table, m.
        max_lever: greatest distance of the centroid along the pads, m.
    """

    belief: Belief
    theta: tf.Tensor
    v: tf.Tensor
    left: tf.Tensor
    right: tf.Tensor
    x: tf.Tensor
    y: tf.Tensor
    max_lever: tf.Tensor

    @classmethod
    def of(cls, rows: tf.Tensor) -> "Frame":
        """Take apart rows `[..., NUM_BELIEFS + 7]`."""
        others = tf.unstack(rows[..., NUM_BELIEFS:], num=7, axis=-1)
        return cls(Belief(rows[..., :NUM_BELIEFS]), *others)

    def interval(self, turn: tf.Tensor, shift: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Middle and half length of the places u that are used after a turn and a shift, m.

        They lie on the table, and not too near to the ends of the hold's interval.
        """
        least, greatest, edge = self.belief.interval(turn, shift)
        least, greatest = least + _INSET * edge, greatest - _INSET * edge
        cos, sin, v = tf.cos(self.theta + turn), tf.sin(self.theta + turn), self.v + shift
        for along, start in ((cos, self.x - sin * v), (sin, self.y + cos * v)):
            slope = tf.where(tf.abs(along) < 1e-6, 1e-6, along)
            one, other = (0.5 * TABLE_SIDE - start) / slope, (-0.5 * TABLE_SIDE - start) / slope
            least = tf.maximum(least, tf.minimum(one, other))
            greatest = tf.minimum(greatest, tf.maximum(one, other))
        return 0.5 * (least + greatest), tf.maximum(0.5 * (greatest - least), _LEAST_HALF)

    def ends(self, middle: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Least and greatest shift of a part of the cell with its middle at `middle`, m."""
        low, high = (
            tf.clip_by_value(
                self.v + self.belief.half_pitch * (middle + side / _PARTS),
                -self.max_lever,
                self.max_lever,
            )
            for side in (-1.0, 1.0)
        )
        return low - self.v, high - self.v


class CellDensity(NamedTuple):
    """The density of B states, whose H holds have 9 parts each.

    Attributes:
        rows: what is known of the holds, `[H, NUM_BELIEFS + 7]`; see `Frame`.
        masses: masses of the parts, `[9 H]`.
        below: sum of the masses of the earlier parts of each part of a state, `[B, P]`. P is the
            greatest number of parts of a state.
        total: sum of the masses of each state, `[B]`; 0 where there is no hold.
        first: number of the first part of each state, int32 `[B]`.
        count: number of the parts of each state, int32 `[B]`.
    """

    rows: tf.Tensor
    masses: tf.Tensor
    below: tf.Tensor
    total: tf.Tensor
    first: tf.Tensor
    count: tf.Tensor

    def draw(self, latent: tf.Tensor) -> tuple[Place, Frame, tf.Tensor]:
        """Map latents `[B, N, 3]`, uniform on [-1, 1], to grasps.

        The first latent chooses the hold, the part of its cell and the turn in it; the second one
        the shift, the third one the place u.

        Returns:
            The grasps, their holds, and their log density `[B, N]`, per m^2 rad.
        """
        first, second, third = tf.unstack(latent, num=3, axis=-1)
        mark = (1.0 - 1e-6) * (0.5 * (first + 1.0)) * self.total[:, None]
        cell, below = self._part_at(mark)
        mass = tf.gather(self.masses, cell)
        into = (mark - below) / tf.maximum(mass, 1e-30)
        # Plain division: rounding to the floor takes many operations in an exported graph.
        hold = tf.truncatediv(cell, _PER_HOLD)
        part = cell - _PER_HOLD * hold
        frame = Frame.of(tf.gather(self.rows, hold))
        turn = 2.0 * tf.clip_by_value(into, 0.0, 1.0) - 1.0
        turn = HALF_TURN_STEP * (tf.gather(_TURNS, part) + turn / _PARTS)
        low, high = frame.ends(tf.gather(_SHIFTS, part))
        shift = low + (high - low) * (0.5 * (second + 1.0))
        middle, half = frame.interval(turn, shift)
        place = Place(hold, turn, shift, middle + half * third)
        return place, frame, self._log_density(mass, high - low, half)

    def _part_at(self, mark: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The last part with at most `mark` `[B, N]` of its state's mass below it, and that mass.

        All is done in one row, in which a look-up is faster.
        """
        shape, length = tf.shape(mark), tf.shape(self.below)[1]
        below = tf.reshape(self.below, [-1])

        def of_each(values: tf.Tensor) -> tf.Tensor:
            return tf.reshape(tf.broadcast_to(values[:, None], shape), [-1])

        start = of_each(tf.range(shape[0]) * length)
        last = start + of_each(tf.maximum(self.count, 1)) - 1
        wanted, found = tf.reshape(mark, [-1]), start
        for bit in reversed(range(_ROUNDS)):
            tried = tf.minimum(found + 2**bit, last)
            reached = tf.cast(tf.gather(below, tried) <= wanted, tf.int32)
            found += reached * (tried - found)
        cell = found - start + of_each(self.first)
        return tf.reshape(cell, shape), tf.reshape(tf.gather(below, found), shape)

    def log_density(self, place: Place, covered: tf.Tensor) -> tf.Tensor:
        """Log density of given grasps `[B, E]`, per m^2 rad; -inf where `covered` is False."""
        frame = Frame.of(tf.gather(self.rows, place.hold))
        by_turn = _part_of(place.turn / HALF_TURN_STEP)
        by_shift = _part_of(place.shift / frame.belief.half_pitch)
        part = _PARTS * by_turn + by_shift
        mass = tf.gather(self.masses, _PER_HOLD * place.hold + part)
        low, high = frame.ends(tf.gather(_SHIFTS, part))
        middle, half = frame.interval(place.turn, place.shift)
        inside = covered & (tf.abs(place.u - middle) <= half) & (mass > 0.0) & (high > low)
        # Where a value is not used, it must have a finite gradient.
        mass = tf.where(inside, mass, 1.0)
        found = self._log_density(mass, tf.where(inside, high - low, 1.0), half)
        return tf.where(inside, found, -np.inf)

    def _log_density(self, mass: tf.Tensor, height: tf.Tensor, half: tf.Tensor) -> tf.Tensor:
        volume = (4.0 * HALF_TURN_STEP / _PARTS) * height * half
        total = tf.maximum(self.total, 1e-30)[:, None]
        return tf.math.log(mass / total) - tf.math.log(tf.maximum(volume, 1e-30))


def _part_of(coordinate: tf.Tensor) -> tf.Tensor:
    """Number of the part along one axis of a cell, for a coordinate in [-1, 1]."""
    inside = tf.clip_by_value(coordinate, -1.0, 1.0 - 1e-6)
    return tf.cast((inside + 1.0) * (0.5 * _PARTS), tf.int32)


def cell_density(view: ObjectView, holds: Holds, sharpness: float) -> CellDensity:
    """Compute the density of all states from what the network believes of their holds.

    Args:
        view: views of B objects.
        holds: holds of all states.
        sharpness: gamma.
    """
    theta = tf.gather(direction_angles(), holds.direction)
    of_state = tf.concat([view.centroid, view.gripper[:, 5:6]], axis=1)
    strips = tf.stack([theta, holds.v, holds.left, holds.right], axis=-1)
    rows = tf.concat([holds.beliefs, strips, tf.gather(of_state, holds.state)], axis=-1)
    frame = Frame.of(rows[:, None])
    turn, shift = HALF_TURN_STEP * _TURNS, frame.belief.half_pitch * _SHIFTS
    _, half = frame.interval(turn, shift)
    low, high = frame.ends(_SHIFTS)
    used = tf.cast(half > _LEAST_HALF, tf.float32)
    probability = tf.pow(tf.sigmoid(frame.belief.contact_logit(turn, shift)), sharpness)
    masses = probability * used * half * (high - low) * (1.0 / _UNIT_VOLUME)
    masses = tf.reshape(masses, [-1])

    batch = tf.shape(view.reach)[0]
    mine = tf.cast(holds.state[None, :] == tf.range(batch)[:, None], tf.int32)
    count = _PER_HOLD * tf.reduce_sum(mine, axis=1)
    first = tf.cumsum(count, exclusive=True)
    # A row for each state, so that rounding does not depend on the other states of the batch.
    steps = tf.range(tf.reduce_max(count))
    index = tf.minimum(first[:, None] + steps, tf.shape(masses)[0] - 1)
    own = tf.where(steps < count[:, None], tf.gather(masses, index), 0.0)
    below = tf.cumsum(own, axis=1, exclusive=True)
    return CellDensity(rows, masses, below, below[:, -1] + own[:, -1], first, count)
