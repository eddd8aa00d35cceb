"""Where a jaw is and which way it closes, in tensors."""

import math
from typing import Any, NamedTuple

import tensorflow as tf

__all__ = ["Pose"]


class Pose(NamedTuple):
    """Grasps as place and direction, each `[B, N]`: no angle has a seam this way."""

    x: tf.Tensor
    y: tf.Tensor
    cos: tf.Tensor
    sin: tf.Tensor

    @classmethod
    def of(cls, actions: tf.Tensor) -> "Pose":
        """The poses of grasps (x, y, theta), `[B, N, 3]`."""
        x, y, theta = tf.unstack(actions, axis=-1)
        return cls(x, y, tf.cos(theta), tf.sin(theta))

    def action(self) -> tf.Tensor:
        """(x, y, theta) of each pose, theta in [0, pi): `[B, N, 3]`."""
        theta = tf.math.floormod(tf.atan2(self.sin, self.cos), math.pi)
        # The remainder of a tiny negative angle rounds to the whole period.
        theta = tf.where(theta >= math.pi, theta - math.pi, theta)
        return tf.stack([self.x, self.y, theta], axis=-1)

    def moved(self, du: tf.Tensor, dv: tf.Tensor, turn: tf.Tensor) -> "Pose":
        """The pose after a move in its own frame (m) and a turn (rad)."""
        c, s = tf.cos(turn), tf.sin(turn)
        return Pose(
            self.x + self.cos * du - self.sin * dv,
            self.y + self.sin * du + self.cos * dv,
            self.cos * c - self.sin * s,
            self.sin * c + self.cos * s,
        )

    def points(self, u: Any, v: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """X and y on the table, `[B, N, K]` m, of points (u, v) of the jaw's frame, m.

        Args:
            u: along the closing direction, `[B, N, K]` or what broadcasts to it.
            v: along the pads, likewise.
        """
        cos, sin = self.cos[..., None], self.sin[..., None]
        return self.x[..., None] + cos * u - sin * v, self.y[..., None] + sin * u + cos * v
