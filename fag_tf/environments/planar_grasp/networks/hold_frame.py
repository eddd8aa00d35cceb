"""Grasps in the frame of their hold, and the places along the closing direction that they use."""

import math
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.contact_network import NUM_BELIEFS, Belief
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE

__all__ = ["INSET", "NUM_OTHERS", "Frame", "Place"]

INSET = 1.5
"""Number of edge widths from an interval's ends that are not used: grasps rarely hold there."""

NUM_OTHERS = 7
"""Number of values of a hold in its row beside those that the network believes; see `Frame`."""

_BELOW_PI = np.nextafter(np.float32(math.pi), np.float32(0.0))

# Least half length of an interval, m, for a density that stays finite.
_LEAST_HALF = 1e-6


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
        """Take apart rows `[..., NUM_BELIEFS + 7]`, or rows that begin so."""
        others = rows[..., NUM_BELIEFS : NUM_BELIEFS + NUM_OTHERS]
        return cls(Belief(rows[..., :NUM_BELIEFS]), *tf.unstack(others, num=NUM_OTHERS, axis=-1))

    def closing(self, turn: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Closing direction after a turn, rad, in [0, pi), with its cosine and its sine."""
        theta = tf.clip_by_value(self.theta + turn, 0.0, _BELOW_PI)
        return theta, tf.cos(theta), tf.sin(theta)

    def interval(self, turn: tf.Tensor, shift: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Middle and half length of the places u that are used after a turn and a shift, m.

        They lie on the table, and not too near to the ends of the hold's interval.
        """
        least, greatest, edge = self.belief.interval(turn, shift)
        least, greatest = least + INSET * edge, greatest - INSET * edge
        _, cos, sin = self.closing(turn)
        v = self.v + shift
        for along, start in ((cos, self.x - sin * v), (sin, self.y + cos * v)):
            per_along = 1.0 / tf.where(tf.abs(along) < 1e-6, 1e-6, along)
            middle, half = start * per_along, tf.abs(per_along) * (0.5 * TABLE_SIDE)
            least = tf.maximum(least, -half - middle)
            greatest = tf.minimum(greatest, half - middle)
        return 0.5 * (least + greatest), tf.maximum(0.5 * (greatest - least), _LEAST_HALF)

    def ends(self, middle: Any, half: float) -> tuple[tf.Tensor, tf.Tensor]:
        """Least and greatest shift of a part of a cell, m.

        Args:
            middle: its middle as a share of half the pitch.
            half: half its size, as a share of half the pitch.
        """
        low, high = (
            tf.clip_by_value(
                self.v + self.belief.half_pitch * (middle + side * half),
                -self.max_lever,
                self.max_lever,
            )
            for side in (-1.0, 1.0)
        )
        return low - self.v, high - self.v
