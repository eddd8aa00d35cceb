"""Where a jaw is and which way it closes, in tensors."""

from typing import Any, NamedTuple

import tensorflow as tf

__all__ = ["Pose"]


class Pose(NamedTuple):
    """Grasps as place and direction, each `[B, N]`: no angle has a seam this way."""

    x: tf.Tensor
    y: tf.Tensor
    cos: tf.Tensor
    sin: tf.Tensor

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
