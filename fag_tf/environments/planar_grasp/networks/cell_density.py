"""The density of a scanning actor: cells of direction and place along the pads, intervals along u.

Each hold has a cell: the turns and shifts that are nearer to its strip than to any other. The cell
is divided into 3 x 3 parts. Within a part, the density is even over turn and shift, and over the
places u of the hold's interval. The mass of a part is its volume times the network's probability
to the power gamma. The density integrates to 1, so it is exact.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.contact_network import Belief
from fag_tf.environments.planar_grasp.networks.holds import Holds
from fag_tf.environments.planar_grasp.networks.object_view import ObjectView
from fag_tf.environments.planar_grasp.networks.strips import HALF_TURN_STEP, direction_angles
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE

__all__ = ["CellDensity", "Place", "cell_density"]

_PARTS = 3  # parts of a cell on each of its two axes
_MIDDLES = ((2.0 * np.arange(_PARTS) + 1.0) / _PARTS - 1.0).astype(np.float32)
_TURNS, _SHIFTS = (grid.ravel() for grid in np.meshgrid(_MIDDLES, _MIDDLES, indexing="ij"))

# An interval is used up to this number of edge widths from its ends, where grasps rarely hold.
_INSET = 1.5
# Least half length of an interval, m, for a density that stays finite.
_LEAST_HALF = 1e-6
# Rounds of bisection, enough for 2 ** 18 holds of a state.
_ROUNDS = 18
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


class CellDensity(NamedTuple):
    """The density of B states.

    Attributes:
        view: views of the B objects.
        holds: the H holds, with what the network believes of them.
        masses: masses of the parts of each hold's cell, `[H, 9]`.
        ends: least and greatest shift of the parts, m, each `[H, 9]`.
        total: sum of the masses of each state, `[B]`; 0 where there is no hold.
        below: sum of the masses of the earlier holds of the same state, `[H]`.
        first: number of the first hold of each state, int32 `[B]`.
        count: number of the holds of each state, int32 `[B]`.
    """

    view: ObjectView
    holds: Holds
    masses: tf.Tensor
    ends: tuple[tf.Tensor, tf.Tensor]
    total: tf.Tensor
    below: tf.Tensor
    first: tf.Tensor
    count: tf.Tensor

    def draw(self, latent: tf.Tensor) -> tuple[Place, tf.Tensor]:
        """Map latents `[B, N, 3]`, uniform on [-1, 1], to grasps, and give their log density.

        The first latent chooses the hold, the part of its cell and the turn in it; the second one
        the shift, the third one the place u. The log density is `[B, N]`, per m^2 rad.
        """
        share = 0.5 * (latent + 1.0)
        mark = (1.0 - 1e-6) * share[..., 0] * self.total[:, None]
        hold = self._hold_at(mark)
        masses = tf.gather(self.masses, hold)
        upto = tf.cumsum(masses, axis=-1)
        rest = mark - tf.gather(self.below, hold)
        part = tf.reduce_sum(tf.cast(upto[..., :-1] <= rest[..., None], tf.int32), axis=-1)
        chosen = tf.one_hot(part, _PARTS * _PARTS)
        mass = tf.reduce_sum(chosen * masses, axis=-1)
        into = (rest - tf.reduce_sum(chosen * (upto - masses), axis=-1)) / tf.maximum(mass, 1e-30)
        into = tf.clip_by_value(into, 0.0, 1.0)
        turn = HALF_TURN_STEP * (tf.gather(_TURNS, part) + (2.0 * into - 1.0) / _PARTS)
        low, high = (tf.reduce_sum(chosen * tf.gather(end, hold), axis=-1) for end in self.ends)
        shift = low + (high - low) * share[..., 1]
        middle, half = self._interval(hold, turn, shift)
        place = Place(hold, turn, shift, middle + half * latent[..., 2])
        return place, self._log_density(mass, high - low, half)

    def _hold_at(self, mark: tf.Tensor) -> tf.Tensor:
        """The last hold with at most `mark` `[B, N]` of its state's mass below it."""
        low = tf.broadcast_to(self.first[:, None], tf.shape(mark))
        high = low + tf.maximum(self.count[:, None] - 1, 0)
        for _ in range(_ROUNDS):
            middle = (low + high + 1) // 2
            reached = tf.gather(self.below, middle) <= mark
            low, high = tf.where(reached, middle, low), tf.where(reached, high, middle - 1)
        return low

    def log_density(self, place: Place, covered: tf.Tensor) -> tf.Tensor:
        """Log density of given grasps `[B, E]`, per m^2 rad; -inf where `covered` is False."""
        a = tf.clip_by_value(place.turn / HALF_TURN_STEP, -1.0, 1.0 - 1e-6)
        part_a = tf.cast((a + 1.0) * (0.5 * _PARTS), tf.int32)
        half_pitch = tf.gather(self.holds.belief.half_pitch, place.hold)
        b = tf.clip_by_value(place.shift / half_pitch, -1.0, 1.0 - 1e-6)
        part = _PARTS * part_a + tf.cast((b + 1.0) * (0.5 * _PARTS), tf.int32)
        chosen = tf.one_hot(part, _PARTS * _PARTS)
        mass = tf.reduce_sum(chosen * tf.gather(self.masses, place.hold), axis=-1)
        low, high = (
            tf.reduce_sum(chosen * tf.gather(end, place.hold), axis=-1) for end in self.ends
        )
        middle, half = self._interval(place.hold, place.turn, place.shift)
        inside = covered & (tf.abs(place.u - middle) <= half) & (mass > 0.0) & (high > low)
        # Where a value is not used, it must have a finite gradient.
        mass = tf.where(inside, mass, 1.0)
        found = self._log_density(mass, tf.where(inside, high - low, 1.0), half)
        return tf.where(inside, found, -np.inf)

    def _interval(
        self, hold: tf.Tensor, turn: tf.Tensor, shift: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Middle and half length of the places u for turns and shifts of holds, m."""
        theta, v, centroid = _frames(self.view, self.holds)
        return _inner_interval(
            self.holds.belief.at(hold),
            tf.gather(centroid, hold),
            tf.gather(theta, hold),
            tf.gather(v, hold),
            turn,
            shift,
        )

    def _log_density(self, mass: tf.Tensor, height: tf.Tensor, half: tf.Tensor) -> tf.Tensor:
        turn_range = 2.0 * HALF_TURN_STEP / _PARTS
        total = tf.maximum(self.total, 1e-30)[:, None]
        return tf.math.log(mass / total) - tf.math.log(2.0 * turn_range * height * half)


def _inner_interval(
    belief: Belief,
    centroid: tf.Tensor,
    theta: tf.Tensor,
    v: tf.Tensor,
    turn: tf.Tensor,
    shift: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Middle and half length of the places u that are used, m: on the table, and off the edges.

    Args:
        belief: what the network believes of the holds.
        centroid: centroids of their objects, m, `[..., 2]`.
        theta: their strips' directions, rad.
        v: their strips' coordinates, m.
        turn: turns from these directions, rad.
        shift: shifts from these coordinates, m.
    """
    least, greatest, edge = belief.interval(turn, shift)
    least, greatest = least + _INSET * edge, greatest - _INSET * edge
    cos, sin = tf.cos(theta + turn), tf.sin(theta + turn)
    across = v + shift
    for along, start in (
        (cos, centroid[..., 0] - sin * across),
        (sin, centroid[..., 1] + cos * across),
    ):
        slope = tf.where(tf.abs(along) < 1e-6, 1e-6, along)
        one, other = (0.5 * TABLE_SIDE - start) / slope, (-0.5 * TABLE_SIDE - start) / slope
        least = tf.maximum(least, tf.minimum(one, other))
        greatest = tf.minimum(greatest, tf.maximum(one, other))
    return 0.5 * (least + greatest), tf.maximum(0.5 * (greatest - least), _LEAST_HALF)


def _frames(view: ObjectView, holds: Holds) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Directions (rad), coordinates v (m) and centroids (m) of the strips of holds."""
    theta = tf.gather(direction_angles(), holds.direction)
    return theta, holds.v, tf.gather(view.centroid, holds.state)


def cell_density(view: ObjectView, holds: Holds, sharpness: float) -> CellDensity:
    """Compute the density of all states from what the network believes of their holds.

    Args:
        view: views of B objects.
        holds: holds of all states.
        sharpness: gamma.
    """
    belief = holds.belief
    half_pitch = belief.half_pitch[:, None]
    lever = tf.gather(view.gripper[:, 5], holds.state)[:, None]
    ends = tuple(
        tf.clip_by_value(holds.v[:, None] + half_pitch * (_SHIFTS + side / _PARTS), -lever, lever)
        - holds.v[:, None]
        for side in (-1.0, 1.0)
    )
    each = belief.expanded()
    turn, shift = HALF_TURN_STEP * _TURNS, half_pitch * _SHIFTS
    theta, v, centroid = _frames(view, holds)
    _, half = _inner_interval(each, centroid[:, None], theta[:, None], v[:, None], turn, shift)
    used = tf.cast(half > _LEAST_HALF, tf.float32)
    probability = tf.exp(sharpness * tf.math.log_sigmoid(each.contact_logit(turn, shift)))
    masses = probability * used * half * (ends[1] - ends[0]) * (1.0 / _UNIT_VOLUME)
    total_of_hold = tf.reduce_sum(masses, axis=-1)
    batch = tf.shape(view.reach)[0]
    mine = tf.cast(holds.state[None, :] == tf.range(batch)[:, None], tf.int32)
    count = tf.reduce_sum(mine, axis=1)
    first = tf.cumsum(count, exclusive=True)
    # A row for each state, so that rounding does not depend on the other states of the batch.
    index = first[:, None] + tf.range(tf.reduce_max(count))
    own = tf.range(tf.reduce_max(count)) < count[:, None]
    last = tf.shape(holds.state)[0] - 1
    rows = tf.where(own, tf.gather(total_of_hold, tf.minimum(index, last)), 0.0)
    below = tf.cumsum(rows, axis=1, exclusive=True)
    return CellDensity(
        view=view,
        holds=holds,
        masses=masses,
        ends=(ends[0], ends[1]),
        total=below[:, -1] + rows[:, -1],
        below=tf.boolean_mask(below, own),
        first=first,
        count=count,
    )
