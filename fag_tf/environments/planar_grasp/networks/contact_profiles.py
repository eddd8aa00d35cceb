"""Profiles of contacts: the part of the picture around the first touch of a pad.

The contacts of K pairs of pads are given together. All left contacts come first, then all right
ones, so that numbers of contacts stand in rows of 2 K. In an exported graph, operations on long
rows are several times faster than the same operations on many short ones.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.object_view import VIEW_SIZE, ObjectView, look_up
from fag_tf.environments.planar_grasp.networks.strips import ROWS

__all__ = ["Profile", "contact_profiles", "touch_places"]


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
        steps = ROWS // 2 + self.rows_beyond
        return np.arange(-steps, steps + 1, dtype=np.float32) / ROWS


def contact_profiles(
    view: ObjectView,
    state: tf.Tensor,
    cos: tf.Tensor,
    sin: tf.Tensor,
    v: tf.Tensor,
    touches: tf.Tensor,
    profile: Profile,
) -> tf.Tensor:
    """Read the profiles of left and right contacts of pads at one place v.

    Args:
        view: views of B objects.
        state: number of the state of each pair of contacts, int32 `[K]`.
        cos: cosine of the closing direction, `[K]`.
        sin: sine of the closing direction, `[K]`.
        v: coordinate of the pads' middle along the pads, m, `[K]`.
        touches: coordinate u of the first touches of the left and of the right pads, m, `[2, K]`.
        profile: where to read.

    Returns:
        Twice the occupancy less 1, `[2 K, D R]`, at D depths from the first touch and R rows
        across the pad, in order of depth.
    """
    across, depth = profile.across, np.array(profile.depths, np.float32)
    scale = 0.5 * VIEW_SIZE / tf.gather(view.reach, state)
    cos, sin = cos * scale, sin * scale
    pad_width = tf.gather(view.gripper[:, 1], state)
    # A place is linear in depth and row: one product of matrices gives the places of all.
    depths, rows = np.repeat(depth, len(across)), np.tile(across, len(depth))
    pattern = tf.constant(np.stack([np.ones_like(depths), depths, rows]))

    def places(along: tf.Tensor, by_row: tf.Tensor) -> tf.Tensor:
        start = touches * along + (v * by_row + 0.5 * VIEW_SIZE)
        by_rows = pad_width * by_row
        # Into the material, u grows for left pads and falls for right ones.
        by_depth = tf.concat([along, -along, by_rows, by_rows], axis=0)
        parts = tf.reshape(tf.concat([tf.reshape(start, [-1]), by_depth], axis=0), [3, -1])
        return tf.matmul(parts, pattern, transpose_a=True)

    pixels = 2.0 * view.picture - 1.0
    both = tf.concat([state, state], axis=0)
    read = look_up(pixels, places(cos, -sin), places(sin, cos), both)
    return tf.reshape(read, [-1, len(depths)])


def touch_places(
    view: ObjectView, state: tf.Tensor, readings: tf.Tensor, profile: Profile
) -> tf.Tensor:
    """Coordinates v of the first touches from the pads' middle, m, `[2, K]`.

    Args:
        view: views of B objects.
        state: as for `contact_profiles`.
        readings: the result of `contact_profiles`.
        profile: where it was read.
    """
    across = profile.across
    # Rows that reach the material first are where the pad touches first.
    count = len(across) - 2 * profile.rows_beyond
    begin = profile.touch * len(across) + profile.rows_beyond
    weight = tf.exp(10.0 * readings[:, begin : begin + count])
    on_pad = across[profile.rows_beyond : profile.rows_beyond + count]
    sums = np.stack([on_pad, np.ones_like(on_pad)])
    moment, whole = tf.unstack(tf.matmul(sums, weight, transpose_b=True))
    return tf.gather(view.gripper[:, 1], state) * tf.reshape(moment / whole, [2, -1])
