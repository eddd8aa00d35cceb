"""The frame of a vehicle: the origin at its position, x along its heading.

Lengths are in the length of the longest path, which ends within 1 of its start. Only the
rectangles that such a path can reach are there, and the four sides of the square are things too.
"""

import numpy as np
import tensorflow as tf

from fag_tf.environments.motion.spline_path.curve import LENGTH
from fag_tf.networks.base import Observation
from fag_tf.networks.framed import Frame
from fag_tf.spaces import ActionSpace, ArraySpec

__all__ = ["PathFrame"]

# Few maps have more rectangles in reach; the nearest of them count.
_NEAREST = 16
_LONGEST = 1.5 * LENGTH
_LARGEST_HALF = 0.06
# Outward normals of the sides x = 0, x = 1, y = 0 and y = 1.
_NORMALS = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]], np.float32)
# A side that is further away than any path reaches is as good as none.
_FARTHEST_SIDE = 1.5


class PathFrame(Frame):
    """Observations and actions of `spline_path` as the vehicle sees them.

    Observed are the heading `[2]`, along which the rectangles' sides lie aslant; the nearest
    rectangles by centre, half width and half height `[16, 4]`; and the sides of the square by
    outward normal and distance `[4, 3]`.

    Args:
        space: the action space, whose ranges hold for turned actions too.
    """

    def __init__(self, space: ActionSpace) -> None:
        # A path that ends further off than 1 is too long, and so is one whose second control point
        # lies that far: in none of 170,000 feasible paths it was beyond 0.95.
        self.space = space
        self.observation_spec = {
            "heading": ArraySpec((2,)),
            "rectangles": ArraySpec((_NEAREST, 4), unordered=True, presence=2),
            "sides": ArraySpec((len(_NORMALS), 3), unordered=True),
        }

    def observe(self, observation: Observation) -> dict[str, tf.Tensor]:
        """What is observed in the frame; see the base class."""
        position, heading = observation["pose"][:, :2], observation["pose"][:, 2:]
        obstacles = observation["obstacles"]
        away = obstacles[..., :2] - position[:, None]
        beyond = tf.maximum(tf.abs(away) - obstacles[..., 2:], 0.0)
        gap = tf.sqrt(tf.reduce_sum(beyond * beyond, axis=-1))
        reached = tf.cast((gap < _LONGEST) & (obstacles[..., 2] > 0.0), tf.float32)
        rows = tf.concat(
            [_turned(away / _LONGEST, heading, -1.0), obstacles[..., 2:] / _LARGEST_HALF], axis=-1
        )
        rows *= reached[..., None]
        _, nearest = tf.math.top_k(-gap - 2.0 * (1.0 - reached), _NEAREST)
        inside = tf.concat([position, 1.0 - position], axis=-1)
        distance = tf.minimum(tf.gather(inside, [0, 2, 1, 3], axis=-1) / _LONGEST, _FARTHEST_SIDE)
        normals = tf.broadcast_to(_NORMALS, [tf.shape(heading)[0], *_NORMALS.shape])
        return {
            "heading": heading,
            "rectangles": tf.gather(rows, nearest, batch_dims=1),
            "sides": tf.concat([_turned(normals, heading, -1.0), distance[..., None]], axis=-1),
        }

    def to_frame(self, observation: Observation, actions: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, 5]` as the vehicle sees them."""
        return self._turned_actions(observation, actions, -1.0)

    def from_frame(self, observation: Observation, actions: tf.Tensor) -> tf.Tensor:
        """Inverse of `to_frame`."""
        return self._turned_actions(observation, actions, 1.0)

    def _turned_actions(
        self, observation: Observation, actions: tf.Tensor, sense: float
    ) -> tf.Tensor:
        heading = observation["pose"][:, 2:]
        points = [_turned(actions[..., i : i + 2], heading, sense) for i in (1, 3)]
        return tf.concat([actions[..., :1], *points], axis=-1)


def _turned(points: tf.Tensor, heading: tf.Tensor, sense: float) -> tf.Tensor:
    """Points `[B, K, 2]` turned by the angle of headings `[B, 2]`, back where `sense` is -1."""
    cos, sin = heading[:, None, 0], sense * heading[:, None, 1]
    x, y = points[..., 0], points[..., 1]
    return tf.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)
