"""The density of a scanning actor: cells of direction and place along the pads, intervals along u.

Each hold has a cell: the turns and shifts that are nearer to its strip than to any other. The cell
is divided into 3 x 3 parts. Within a part, the density is even over turn and shift, and over the
places u of the hold's interval. The mass of a part is its volume times the network's probability
to the power gamma. The density integrates to 1, so it is exact.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.contact_network import NUM_BELIEFS, beliefs_at
from fag_tf.environments.planar_grasp.networks.hold_frame import INSET, NUM_OTHERS, Frame, Place
from fag_tf.environments.planar_grasp.networks.holds import Holds
from fag_tf.environments.planar_grasp.networks.long_rows import columns_first, stacked
from fag_tf.environments.planar_grasp.networks.object_view import ObjectView
from fag_tf.environments.planar_grasp.networks.strips import HALF_TURN_STEP, direction_angles
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE

__all__ = ["CellDensity", "cell_density"]

_PARTS = 3  # parts of a cell on each of its two axes
_MIDDLES = ((2.0 * np.arange(_PARTS) + 1.0) / _PARTS - 1.0).astype(np.float32)
_PER_HOLD = _PARTS * _PARTS
_TURNS, _SHIFTS = (grid.ravel() for grid in np.meshgrid(_MIDDLES, _MIDDLES, indexing="ij"))
_ENDS = np.linspace(-1.0, 1.0, _PARTS + 1, dtype=np.float32)
_UP_TO = np.triu(np.ones((_PER_HOLD, _PER_HOLD), np.float32))  # sums up to each part

# Rounds of bisection, enough for 2 ** 14 holds of a state.
_ROUNDS = 14
# Marks are so much below the whole mass, relatively, that rounding does not put them beyond it.
_BELOW_ALL = 1.0 - 2e-6
_UNIT_VOLUME = 1e-6  # m^2, so that masses are numbers near 1


class CellDensity(NamedTuple):
    """The density of B states, whose H holds have 9 parts each.

    Attributes:
        rows: what is known of the holds, see `Frame`, and the masses of their 9 parts,
            `[H, NUM_BELIEFS + NUM_OTHERS + 9]`.
        masses: masses of the parts, `[9 H]`.
        below: sum of the masses of the earlier holds of each hold of a state, `[B, P]`. P is the
            greatest number of holds of a state.
        total: sum of the masses of each state, `[B]`; 0 where there is no hold.
        first: number of the first hold of each state, int32 `[B]`.
        count: number of the holds of each state, int32 `[B]`.
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
        first, second, third = tf.unstack(columns_first(latent), num=3)
        mark = (first + 1.0) * ((0.5 * _BELOW_ALL) * self.total)[:, None]
        hold, into = self._hold_at(mark)
        rows = tf.gather(self.rows, hold)
        frame = Frame.of(rows)
        part, mass, into = self._part_at(hold, into, rows[..., NUM_BELIEFS + NUM_OTHERS :])
        shape = tf.shape(mark)
        turn = HALF_TURN_STEP * (tf.reshape(tf.gather(_TURNS, part), shape) + into / _PARTS)
        low, high = frame.ends(tf.reshape(tf.gather(_SHIFTS, part), shape), 1.0 / _PARTS)
        shift = low + (high - low) * (0.5 * (second + 1.0))
        middle, half = frame.interval(turn, shift)
        place = Place(hold, turn, shift, middle + half * third)
        return place, frame, self._log_density(mass, high - low, half)

    def _hold_at(self, mark: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The last hold with at most `mark` `[B, N]` of its state's mass below it, and the rest.

        All is done in one row, in which a look-up is faster. It has room for every step of the
        bisection.
        """
        shape = tf.shape(mark)
        beyond = tf.fill([shape[0], 2**_ROUNDS], np.float32(np.inf))
        table = tf.concat([self.below, beyond], axis=1)
        below, length = tf.reshape(table, [-1]), tf.shape(table)[1]

        def of_each(values: tf.Tensor) -> tf.Tensor:
            return tf.reshape(tf.broadcast_to(values[:, None], shape), [-1])

        start = of_each(tf.range(shape[0]) * length)
        wanted, found = tf.reshape(mark, [-1]), start
        for bit in reversed(range(_ROUNDS)):
            tried = found + 2**bit
            found = tf.where(tf.gather(below, tried) <= wanted, tried, found)
        hold = tf.minimum(found - start + of_each(self.first), tf.shape(self.rows)[0] - 1)
        into = wanted - tf.gather(below, found)
        return tf.reshape(hold, shape), tf.reshape(into, shape)

    def _part_at(
        self, hold: tf.Tensor, mark: tf.Tensor, masses: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The part of each hold with at most `mark` of its mass below it.

        Args:
            hold: number of the hold, `[B, N]`.
            mark: mass, `[B, N]`.
            masses: masses of the hold's parts, `[B, N, 9]`.

        Returns:
            Number of the part in its hold, int32 `[B N]`; its mass `[B, N]`; and how far the mark
            is in it, from -1 to 1, `[B, N]`.
        """
        each = tf.reshape(columns_first(masses), [_PER_HOLD, -1])
        up_to = tf.matmul(_UP_TO, each, transpose_a=True)
        mark = tf.minimum(tf.reshape(mark, [-1]), _BELOW_ALL * up_to[-1])
        passed = tf.cast(up_to <= mark, tf.float32)
        # A state without any mass has passed them all.
        part = tf.minimum(tf.cast(tf.reduce_sum(passed, axis=0), tf.int32), _PER_HOLD - 1)
        mass = tf.gather(self.masses, tf.reshape(_PER_HOLD * hold, [-1]) + part)
        into = (mark - tf.reduce_sum(passed * each, axis=0)) / tf.maximum(mass, 1e-30)
        into = 2.0 * tf.clip_by_value(into, 0.0, 1.0) - 1.0
        return part, tf.reshape(mass, tf.shape(hold)), tf.reshape(into, tf.shape(hold))

    def log_density(self, place: Place, covered: tf.Tensor) -> tf.Tensor:
        """Log density of given grasps `[B, E]`, per m^2 rad; -inf where `covered` is False."""
        frame = Frame.of(tf.gather(self.rows, place.hold))
        by_turn = _part_of(place.turn / HALF_TURN_STEP)
        by_shift = _part_of(place.shift / frame.belief.half_pitch)
        part = _PARTS * by_turn + by_shift
        mass = tf.gather(self.masses, _PER_HOLD * place.hold + part)
        low, high = frame.ends(tf.gather(_SHIFTS, part), 1.0 / _PARTS)
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
    x, y, lever = (
        tf.gather(values, holds.state)
        for values in (view.centroid[:, 0], view.centroid[:, 1], view.gripper[:, 5])
    )
    masses = _masses(holds, x, y, lever, sharpness)
    theta = tf.gather(direction_angles(), holds.direction)
    others = stacked([theta, holds.v, holds.left, holds.right, x, y, lever])
    rows = tf.transpose(tf.concat([others, masses], axis=0))
    rows = tf.concat([holds.beliefs, rows], axis=1)

    batch = tf.shape(view.reach)[0]
    mine = tf.cast(holds.state[None, :] == tf.range(batch)[:, None], tf.int32)
    count = tf.reduce_sum(mine, axis=1)
    first = tf.cumsum(count, exclusive=True)
    # A row for each state, so that rounding does not depend on the other states of the batch.
    steps = tf.range(tf.reduce_max(count))
    index = tf.minimum(first[:, None] + steps, tf.shape(rows)[0] - 1)
    of_holds = tf.reduce_sum(masses, axis=0)
    own = tf.where(steps < count[:, None], tf.gather(of_holds, index), 0.0)
    below = tf.cumsum(own, axis=1, exclusive=True)
    each = tf.reshape(tf.transpose(masses), [-1])
    return CellDensity(rows, each, below, below[:, -1] + own[:, -1], first, count)


def _masses(
    holds: Holds, x: tf.Tensor, y: tf.Tensor, lever: tf.Tensor, sharpness: float
) -> tf.Tensor:
    """Masses `[9, H]` of the parts of all holds: volume times probability to the power gamma.

    Args:
        holds: holds of all states.
        x: x of each hold's object on the table, m, `[H]`.
        y: its y.
        lever: greatest distance of the centroid along the pads, m, `[H]`.
        sharpness: gamma.
    """
    logit, least, greatest, edge = beliefs_at(holds.beliefs, _TURNS, _SHIFTS)
    # Turn and shift have an axis each. The directions are so few that all they need is a table.
    parts = [_PARTS, _PARTS, -1]
    least = tf.reshape(least + INSET * edge, parts)
    greatest = tf.reshape(greatest - INSET * edge, parts)
    half_pitch = holds.beliefs[:, -1]
    v = holds.v + half_pitch * _MIDDLES[:, None]
    tables = tf.transpose(tf.gather(_lines_of_turns(), holds.direction))
    of_x, of_y = tf.split(tf.reshape(tables, [6 * _PARTS, 1, -1]), 2)
    for of_turns, start in ((of_x, x), (of_y, y)):
        slope, per_along, half = tf.split(of_turns, 3)
        middle = slope * v - start * per_along
        least = tf.maximum(least, middle - half)
        greatest = tf.minimum(greatest, middle + half)
    ends = tf.clip_by_value(holds.v + half_pitch * _ENDS[:, None], -lever, lever)
    height = (0.5 / _UNIT_VOLUME) * (ends[1:] - ends[:-1])
    volume = tf.nn.relu(greatest - least) * height
    return tf.pow(tf.sigmoid(logit), sharpness) * tf.reshape(volume, [_PER_HOLD, -1])


def _lines_of_turns() -> tf.Tensor:
    """Where a jaw's middle line leaves the table, `[NUM_DIRECTIONS, 18]`.

    For the middles of the three parts of each direction theta. With the centroid at (x, y), the
    line crosses x = 0 at u = tan(theta) v - x / cos(theta), and the table reaches half its side
    over |cos(theta)| to both sides. The same holds for y with -1 / tan(theta) and 1 / sin(theta).
    The columns are these three numbers of x for each turn, then those of y. No direction of the
    grid lies on an axis.
    """
    theta = direction_angles()[:, None] + HALF_TURN_STEP * _MIDDLES
    cos, sin = tf.cos(theta), tf.sin(theta)
    edge = 0.5 * TABLE_SIDE
    of_x = [sin / cos, 1.0 / cos, edge / tf.abs(cos)]
    of_y = [-cos / sin, 1.0 / sin, edge / tf.abs(sin)]
    return tf.concat([*of_x, *of_y], axis=1)
