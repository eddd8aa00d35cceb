"""The scan of an object: where pads can touch it, for all directions and all places along the pads.

A strip is what the pads sweep when the jaw closes: its direction is that of the closing jaw, and it
is as wide as a pad. The scan lays strips over the object for a grid of directions theta and of
places v along the pads, about the centroid. Along a strip, material fills some intervals of u.
The gaps between these intervals are the places for the fingers. An interval's ends are what
the pads touch first: a contact. How the jaw stands in its gap changes nothing there, so that a
contact needs no grid along u.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.object_view import (
    VIEW_SIZE,
    ObjectView,
    look_up,
)

__all__ = [
    "HALF_TURN_STEP",
    "MATERIAL",
    "NUM_DIRECTIONS",
    "Contacts",
    "Profile",
    "StripGrid",
    "column_places",
    "contact_features",
    "direction_angles",
    "edge_places",
    "of_each",
    "scan",
    "strip_grid",
    "strip_rows",
    "touch_places",
    "union_of_rows",
]

NUM_DIRECTIONS = 60
"""T, number of directions in the grid over [0, pi)."""

HALF_TURN_STEP = 0.5 * math.pi / NUM_DIRECTIONS
"""Half the distance of two directions, rad."""

_NUM_COLUMNS = 72  # readings along a strip
MATERIAL = 0.5
"""Occupancy from which there is material."""

# A strip is read along rows. The rows of neighbouring strips coincide, so the number of rows a
# pad is 8, or 4 or 2 where that would be far below a pixel.
_ROWS = 8
_LEAST_PITCH = 0.0018

_SIDES = np.array([1.0, -1.0], np.float32)  # of u, into the material, for left and right pad


class Profile(NamedTuple):
    """Where the profile of a contact is read.

    Attributes:
        depths: depths from the first touch into the material, m, `[D]`.
        touch: number of the depth whose readings show where the first touch is.
        rows_beyond: number of rows beyond each edge of the pad. They tell of places a little
            further along the pads, and of what the pixels there mix in.
    """

    depths: tuple[float, ...]
    touch: int
    rows_beyond: int

    @property
    def across(self) -> Any:
        """Places of the rows across a pad, as shares of its width, float32 `[R]`."""
        steps = _ROWS // 2 + self.rows_beyond
        return np.arange(-steps, steps + 1, dtype=np.float32) / _ROWS


class StripGrid(NamedTuple):
    """The places v of the strips of each state.

    Attributes:
        pitch: distance of neighbouring strips and of the rows that are read, m, `[B]`.
        rows_per_pad: width of a pad in rows, 8, 4 or 2, `[B]`.
        number: number of strips of each direction, `[B]`. They cover all v where the centre of
            mass is within `max_lever` and a pad can meet the object.
    """

    pitch: tf.Tensor
    rows_per_pad: tf.Tensor
    number: tf.Tensor

    def first(self) -> tf.Tensor:
        """Coordinate v of the first strip's middle, m, `[B]`."""
        return 0.5 * self.pitch * (1.0 - self.number)


class Contacts(NamedTuple):
    """Intervals of material along strips, K in all states together, in order of strip, then u.

    Attributes:
        strip: number of the strip, in the order of state, direction and v, int32 `[K]`.
        state: number of the state, int32 `[K]`.
        direction: number of the direction, int32 `[K]`.
        v: coordinate of the strip's middle along the pads, m, `[K]`.
        begin: coordinate u of the interval's left end, m, `[K]`.
        end: coordinate u of its right end, m, `[K]`.
    """

    strip: tf.Tensor
    state: tf.Tensor
    direction: tf.Tensor
    v: tf.Tensor
    begin: tf.Tensor
    end: tf.Tensor


def strip_grid(view: ObjectView) -> StripGrid:
    """Lay the strips of each state."""
    pad_width, max_lever = view.gripper[:, 1], view.gripper[:, 5]
    rows = tf.where(
        pad_width >= _ROWS * _LEAST_PITCH,
        float(_ROWS),
        tf.where(pad_width >= 0.5 * _ROWS * _LEAST_PITCH, 0.5 * _ROWS, 0.25 * _ROWS),
    )
    pitch = pad_width / rows
    # Beyond the reach by half a pad, a pad's edge still meets the object.
    number = tf.math.ceil(2.0 * tf.minimum(max_lever, view.reach + 0.5 * pad_width) / pitch)
    return StripGrid(pitch, rows, number)


def column_places(view: ObjectView) -> tf.Tensor:
    """Coordinates u of the readings along strips, m, `[B, W]`."""
    steps = (tf.range(float(_NUM_COLUMNS)) + 0.5) * (2.0 / _NUM_COLUMNS) - 1.0
    return steps * view.reach[:, None]


def strip_rows(grid: StripGrid) -> tf.Tensor:
    """Coordinates of a strip's rows from its middle, m, `[B, 9]`, as the scan reads them."""
    steps = tf.range(-0.5 * _ROWS, 0.5 * _ROWS + 1.0)
    nearest = tf.round(steps * (grid.rows_per_pad / _ROWS)[:, None])
    return nearest * grid.pitch[:, None]


def union_of_rows(readings: tf.Tensor) -> tf.Tensor:
    """Occupancy along strips `[..., W]` from that of their rows `[..., 9, W]`."""
    return tf.reduce_max(readings, axis=-2)


def edge_places(
    before: tf.Tensor, after: tf.Tensor, place: tf.Tensor, pitch: tf.Tensor
) -> tf.Tensor:
    """Where occupancy crosses one half between a reading at `place` and the next one."""
    change = after - before
    share = (MATERIAL - before) / tf.where(tf.abs(change) < 1e-6, 1e-6, change)
    return place + pitch * tf.clip_by_value(share, 0.0, 1.0)


def scan(view: ObjectView, grid: StripGrid) -> Contacts:
    """Find all intervals of material along all strips.

    The last entry is an interval that no jaw can hold, so that there is always one.
    """
    along, strips = _occupancy_along_strips(view, grid)
    batch = tf.shape(view.reach)[0]
    filled = along >= MATERIAL
    changes = tf.cast(tf.where(filled[:, :-1] != filled[:, 1:]), tf.int32)
    # The outermost readings lie outside the object, so begins and ends of material alternate.
    changes = tf.reshape(changes, [-1, 2, 2])
    strip, first, last = changes[:, 0, 0], changes[:, 0, 1], changes[:, 1, 1]
    per_state = NUM_DIRECTIONS * strips
    state = tf.truncatediv(strip, per_state)
    readings = tf.reshape(along, [-1])
    reach = tf.gather(view.reach, state)

    def edges(column: tf.Tensor) -> tf.Tensor:
        index = strip * _NUM_COLUMNS + column
        pitch = reach * (2.0 / _NUM_COLUMNS)
        place = (tf.cast(column, tf.float32) + 0.5) * pitch - reach
        return edge_places(tf.gather(readings, index), tf.gather(readings, index + 1), place, pitch)

    # Plain division: rounding to the floor takes many operations in an exported graph.
    line = tf.truncatediv(strip, strips)
    steps = tf.cast(strip - line * strips, tf.float32)
    v = tf.gather(grid.first(), state) + tf.gather(grid.pitch, state) * steps

    def with_nothing(values: tf.Tensor, nothing: Any) -> tf.Tensor:
        return tf.concat([values, tf.reshape(tf.cast(nothing, values.dtype), [1])], axis=0)

    return Contacts(
        strip=with_nothing(strip, batch * per_state),
        state=with_nothing(state, batch - 1),
        direction=with_nothing(line - state * NUM_DIRECTIONS, 0),
        v=with_nothing(v, 0.0),
        begin=with_nothing(edges(first), -1.0),
        end=with_nothing(edges(last), 1.0),
    )


def _occupancy_along_strips(view: ObjectView, grid: StripGrid) -> tuple[tf.Tensor, tf.Tensor]:
    """Occupancy `[B T V, W]` along all strips, and V, the greatest number of strips of a state."""
    strips = tf.cast(tf.reduce_max(grid.number), tf.int32)
    margin = _ROWS // 2
    rows = strips + 2 * margin
    steps = tf.range(tf.cast(rows, tf.float32)) - float(margin)
    v = grid.first()[:, None] + steps * grid.pitch[:, None]
    u = column_places(view)
    scale = (0.5 * VIEW_SIZE / view.reach)[:, None, None]
    theta = direction_angles()[None, :, None]
    cos, sin = tf.cos(theta) * scale, tf.sin(theta) * scale
    # Sums of a part for each reading and a part for each row, as few operations on all points.
    middle = 0.5 * VIEW_SIZE
    column = (u[:, None] * cos)[:, :, None] + (middle - v[:, None] * sin)[..., None]
    row = (u[:, None] * sin)[:, :, None] + (middle + v[:, None] * cos)[..., None]
    lines = tf.reshape(look_up(view, column, row), [-1, rows, _NUM_COLUMNS, 1])

    def widest(rows_per_pad: int) -> tf.Tensor:
        spare = margin - rows_per_pad // 2
        within = lines[:, spare : rows - spare]
        return tf.nn.max_pool2d(within, [rows_per_pad + 1, 1], 1, "VALID")[..., 0]

    per_pad = tf.repeat(grid.rows_per_pad, NUM_DIRECTIONS)[:, None, None]
    along = tf.where(
        per_pad == _ROWS,
        widest(_ROWS),
        tf.where(per_pad == _ROWS // 2, widest(_ROWS // 2), widest(_ROWS // 4)),
    )
    # Strips beyond a state's own number hold nothing.
    own = tf.range(tf.cast(strips, tf.float32)) < tf.repeat(grid.number, NUM_DIRECTIONS)[:, None]
    along = tf.where(own[..., None], along, 0.0)
    return tf.reshape(along, [-1, _NUM_COLUMNS]), strips


def direction_angles() -> tf.Tensor:
    """The directions of the grid, rad, `[T]`."""
    return (tf.range(float(NUM_DIRECTIONS)) + 0.5) * (2.0 * HALF_TURN_STEP)


def contact_features(
    view: ObjectView,
    state: tf.Tensor | None,
    cos: tf.Tensor,
    sin: tf.Tensor,
    v: tf.Tensor,
    touches: tf.Tensor,
    profile: Profile,
) -> tf.Tensor:
    """Read the profiles of left and right contacts of pads at one place v.

    Args:
        view: views of B objects.
        state: number of the state of each pair of contacts, `[K]`; None if the other arguments
            have the shape `[B, K]`.
        cos: cosine of the closing direction, `[K]` or `[B, K]`.
        sin: sine of the closing direction.
        v: coordinate of the pads' middle along the pads, m.
        touches: coordinate u of the first touch of the left and of the right pad, m, `[..., 2]`.
        profile: where to read.

    Returns:
        Occupancy `[..., 2, D, R]` at D depths from the first touch and R rows across the pad.
    """
    across, depth = profile.across, np.array(profile.depths, np.float32)
    scale = 0.5 * VIEW_SIZE / of_each(view.reach, state)
    cos, sin = cos * scale, sin * scale
    pad_width = of_each(view.gripper[:, 1], state)
    middle = 0.5 * VIEW_SIZE
    # A place is linear in depth and row: one product of matrices gives the places of all.
    depths, rows = np.repeat(depth, len(across)), np.tile(across, len(depth))
    pattern = tf.constant(np.stack([np.ones_like(depths), depths, rows]))

    def places(along: tf.Tensor, by_row: tf.Tensor) -> tf.Tensor:
        start = touches * along[..., None] + (middle + v * by_row)[..., None]
        by_depth = along[..., None] * _SIDES
        by_rows = (pad_width * by_row)[..., None] + tf.zeros_like(touches)
        return tf.matmul(tf.stack([start, by_depth, by_rows], axis=-1), pattern)

    read = look_up(view, places(cos, -sin), places(sin, cos), state)
    shape = tf.concat([tf.shape(touches), [len(depth), len(across)]], axis=0)
    return tf.ensure_shape(tf.reshape(read, shape), [*touches.shape, len(depth), len(across)])


def touch_places(
    view: ObjectView, state: tf.Tensor | None, readings: tf.Tensor, profile: Profile
) -> tf.Tensor:
    """Coordinates v of the first touches from the pads' middle, m, `[..., 2]`.

    Args:
        view: views of B objects.
        state: as for `contact_features`.
        readings: the result of `contact_features`.
        profile: where it was read.
    """
    # Rows that reach the material first are where the pad touches first.
    on_pad = slice(profile.rows_beyond, profile.rows_beyond + _ROWS + 1)
    weight = tf.nn.softmax(20.0 * readings[..., profile.touch, on_pad])
    share = tf.reduce_sum(weight * profile.across[on_pad], axis=-1)
    return of_each(view.gripper[:, 1], state)[..., None] * share


def of_each(values: tf.Tensor, state: tf.Tensor | None) -> tf.Tensor:
    """Values of states `[B]` for entries: `[K]` by their states, or `[B, 1]` if None is given."""
    return values[:, None] if state is None else tf.gather(values, state)
