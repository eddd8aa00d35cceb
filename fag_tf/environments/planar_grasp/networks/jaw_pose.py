"""The position and closing direction of jaws, as tensors."""

import math
from typing import Any, NamedTuple

import tensorflow as tf

__all__ = ["Pose"]


class Pose(NamedTuple):
    """Grasps as position and direction. Unlike an angle, cosine and sine have no jump.

    Attributes:
        x: x of the midpoint between the pads on the table, m, `[B, N]`.
        y: y of the midpoint between the pads on the table, m, `[B, N]`.
        cos: cosine of the angle of the closing direction, `[B, N]`.
        sin: sine of the angle of the closing direction, `[B, N]`.
    """

    x: tf.Tensor
    y: tf.Tensor
    cos: tf.Tensor
    sin: tf.Tensor

    @classmethod
    def of(cls, actions: tf.Tensor) -> "Pose":
        """Convert grasps (x, y, theta), m and rad, `[B, N, 3]`, to poses."""
        x, y, theta = tf.unstack(actions, axis=-1)
        return cls(x, y, tf.cos(theta), tf.sin(theta))

    def action(self) -> tf.Tensor:
        """Convert to grasps (x, y, theta), m and rad, theta in [0, pi), `[B, N, 3]`."""
        theta = tf.math.floormod(tf.atan2(self.sin, self.cos), math.pi)
        # The remainder of a tiny negative angle rounds to pi.
        theta = tf.where(theta >= math.pi, theta - math.pi, theta)
        return tf.stack([self.x, self.y, theta], axis=-1)

    def moved(self, du: tf.Tensor, dv: tf.Tensor, turn: tf.Tensor) -> "Pose":
        """The pose after a move along u and v (m) in its own frame and a turn (rad), `[B, N]`."""
        c, s = tf.cos(turn), tf.sin(turn)
        return Pose(
            self.x + self.cos * du - self.sin * dv,
            self.y + self.sin * du + self.cos * dv,
            self.cos * c - self.sin * s,
            self.sin * c + self.cos * s,
        )

    def points(self, u: Any, v: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Convert points from the frame of the jaw to the table.

        Args:
            u: coordinate along the closing direction, m, broadcastable to `[B, N, K]`.
            v: coordinate along the pads, m, broadcastable to `[B, N, K]`.

        Returns:
            x and y on the table, m, each `[B, N, K]`.
        """
        cos, sin = self.cos[..., None], self.sin[..., None]
        return self.x[..., None] + cos * u - sin * v, self.y[..., None] + sin * u + cos * v
