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
    "ROWS",
    "Contacts",
    "StripGrid",
    "column_places",
    "direction_angles",
    "edge_places",
    "scan",
    "strip_grid",
    "strip_rows",
    "union_of_rows",
]

NUM_DIRECTIONS = 60
"""T, number of directions in the grid over [0, pi)."""

HALF_TURN_STEP = 0.5 * math.pi / NUM_DIRECTIONS
"""Half the distance of two directions, rad."""

_NUM_COLUMNS = 72  # readings along a strip
MATERIAL = 0.5
"""Occupancy from which there is material."""

ROWS = 8
"""Number of rows a pad along which a strip is read; 4 or 2 where that is far below a pixel.

The rows of neighbouring strips coincide.
"""

_LEAST_PITCH = 0.0018


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
        pad_width >= ROWS * _LEAST_PITCH,
        float(ROWS),
        tf.where(pad_width >= 0.5 * ROWS * _LEAST_PITCH, 0.5 * ROWS, 0.25 * ROWS),
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
    steps = tf.range(-0.5 * ROWS, 0.5 * ROWS + 1.0)
    nearest = tf.round(steps * (grid.rows_per_pad / ROWS)[:, None])
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
    along, own, strips = _occupancy_along_strips(view, grid)
    batch = tf.shape(view.reach)[0]
    # Strips beyond a state's own number hold nothing.
    filled = tf.reshape(along >= tf.where(own, MATERIAL, np.float32(np.inf))[:, None], [-1])
    # The outermost readings lie outside the object. So begins and ends of material alternate, and
    # no change is between two strips.
    before = tf.cast(tf.where(filled[1:] != filled[:-1]), tf.int32)[:, 0]
    readings = tf.reshape(along, [-1])
    # Plain division: rounding to the floor takes many operations in an exported graph.
    strip_of = tf.truncatediv(before, _NUM_COLUMNS)
    column = tf.cast(before - strip_of * _NUM_COLUMNS, tf.float32) + 0.5
    place = edge_places(
        tf.gather(readings, before), tf.gather(readings, before + 1), column, tf.ones([])
    )
    strip = tf.reshape(strip_of, [-1, 2])[:, 0]
    per_state = NUM_DIRECTIONS * strips
    state = tf.truncatediv(strip, per_state)
    reach = tf.gather(view.reach, state)
    begin, end = tf.unstack(tf.transpose(tf.reshape(place, [-1, 2])), num=2)
    begin, end = ((2.0 / _NUM_COLUMNS) * edge * reach - reach for edge in (begin, end))
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
        begin=with_nothing(begin, -1.0),
        end=with_nothing(end, 1.0),
    )


def _occupancy_along_strips(
    view: ObjectView, grid: StripGrid
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Occupancy along all strips.

    Returns:
        Occupancy `[B T V, W]`; whether each strip is one of its state's own number, `[B T V]`; and
        V, the greatest number of strips of a direction.
    """
    strips = tf.cast(tf.reduce_max(grid.number), tf.int32)
    margin = ROWS // 2
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
    batch = tf.shape(view.reach)[0]
    read = look_up(view.picture, column, row, tf.range(batch))
    # Occupancy of three neighbouring rows. The rows of a pad are one to three of these: a state
    # has 9, 5 or 3 rows a pad, with both edges.
    threes = tf.nn.max_pool2d(tf.reshape(read, [1, -1, _NUM_COLUMNS, 1]), [3, 1], 1, "VALID")
    apart = tf.cast(0.5 * grid.rows_per_pad, tf.int32) - 1
    lines = tf.range(batch * NUM_DIRECTIONS) * rows
    which = apart[:, None] * np.array([-1, 0, 1], np.int32) + (margin - 1)
    which = tf.range(strips)[None, :, None] + which[:, None, :]
    which = tf.reshape(lines, [-1, NUM_DIRECTIONS, 1, 1]) + which[:, None]
    of_pad = tf.gather(tf.reshape(threes, [-1, _NUM_COLUMNS]), tf.reshape(which, [-1]))
    along = tf.reduce_max(tf.reshape(of_pad, [-1, 3, _NUM_COLUMNS]), axis=1)
    own = tf.range(tf.cast(strips, tf.float32)) < grid.number[:, None]
    own = tf.reshape(tf.tile(own, [1, NUM_DIRECTIONS]), [-1])
    return along, own, strips


def direction_angles() -> tf.Tensor:
    """The directions of the grid, rad, `[T]`."""
    return (tf.range(float(NUM_DIRECTIONS)) + 0.5) * (2.0 * HALF_TURN_STEP)
