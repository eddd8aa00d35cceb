"""The frame of an arm: turned about the base's axis so that joint 1 stands at 0.

The rules do not change when the whole scene turns about that axis. What an arm's controller knows
of its own pose is observed beside its joint angles: where its frames are, and how far each link is
from each sphere.
"""

import numpy as np
import tensorflow as tf

from fag_tf.environments.motion.robot_arm import kinematics, rules
from fag_tf.networks.base import Observation
from fag_tf.networks.framed import Frame
from fag_tf.spaces import ActionSpace, ArraySpec

__all__ = ["ArmFrame"]

# O0 and O1 do not move. Lengths are about half a metre.
_MOVING = 7
_LENGTH = 0.5
_LINKS = 6


class ArmFrame(Frame):
    """Observations of `robot_arm` in the frame that turns with joint 1; actions stay as they are.

    Observed are 40 numbers of the arm: its angles, their cosines and sines but for joint 1, and
    the origins O2 to O8; and rows of 10 for the spheres: centre, radius, and the clearance of each
    of the six links before the motion.

    Args:
        space: the action space.
        spheres: number of rows of spheres.
    """

    def __init__(self, space: ActionSpace, spheres: int) -> None:
        self.space = space
        self.observation_spec = {
            "arm": ArraySpec((7 + 12 + 3 * _MOVING,)),
            "spheres": ArraySpec((spheres, 4 + _LINKS), unordered=True, presence=3),
        }

    def observe(self, observation: Observation) -> dict[str, tf.Tensor]:
        """What is observed in the frame; see the base class."""
        joints, spheres = observation["joints"], observation["spheres"]
        rest = joints[:, 1:]
        angles = tf.transpose(tf.concat([tf.zeros_like(joints[:, :1]), rest], axis=-1))
        origins, ends = _arm(tf.cos(angles), tf.sin(angles))
        cos, sin = tf.cos(joints[:, :1]), tf.sin(joints[:, :1])
        x, y, z, radius = tf.unstack(spheres, axis=-1)
        centre = tf.stack([cos * x + sin * y, cos * y - sin * x, z], axis=-1)
        clearance = _distances(ends, centre) - radius[..., None] - rules.CLEARANCE
        near = tf.clip_by_value(clearance / rules.MAX_MOVE, -1.0, 2.0)
        there = tf.cast(radius > 0.0, tf.float32)[..., None]
        rows = tf.concat([centre, radius[..., None] / _LENGTH, near], axis=-1) * there
        moving = tf.reshape(origins[:, -_MOVING:], [-1, 3 * _MOVING]) / _LENGTH
        arm = [joints * (2.0 / np.pi), tf.cos(rest), tf.sin(rest), moving]
        return {"arm": tf.concat(arm, axis=-1), "spheres": rows}

    def consequences(self, observation: Observation, actions: tf.Tensor) -> tf.Tensor:
        """Where the origins O2 to O8 are after motions `[B, E, 7]` and how far each has moved.

        They are 28 numbers `[B, E, 28]`: controllers of arms know their forward kinematics.
        """
        joints = observation["joints"]
        before = tf.concat([tf.zeros_like(joints[:, :1]), joints[:, 1:]], axis=-1)[:, None]
        after = before + actions
        angles = tf.reshape(tf.concat([before, after], axis=1), [-1, 7])
        origins, _ = _arm(tf.transpose(tf.cos(angles)), tf.transpose(tf.sin(angles)))
        shape = [tf.shape(actions)[0], 1 + tf.shape(actions)[1], _MOVING, 3]
        at = tf.reshape(origins[:, -_MOVING:], shape)
        moved = tf.reduce_sum(tf.square(at[:, 1:] - at[:, :1]), axis=-1)
        places = tf.reshape(at[:, 1:], [shape[0], tf.shape(actions)[1], 3 * _MOVING])
        # The root of 0 has no gradient.
        distance = tf.sqrt(moved + 1e-12) / rules.MAX_MOVE
        return tf.concat([places / _LENGTH, distance], axis=-1)


def _arm(cos: tf.Tensor, sin: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Of arms with cosines and sines `[7, B]`: origins `[B, 9, 3]`, links `[B, 6, 2, 3]`."""
    zero, one = tf.zeros_like(cos[0]), tf.ones_like(cos[0])
    x, y, z = (one, zero, zero), (zero, one, zero), (zero, zero, one)
    nowhere = (zero, zero, zero)
    base = kinematics.Frame(tf.stack(x), tf.stack(y), tf.stack(z), tf.stack(nowhere))
    arm = [base, *kinematics.chain(base, cos, sin)]
    origins = tf.stack([frame.origin for frame in arm])
    links = tf.stack([tf.stack(pair) for pair in kinematics.segments(arm)])
    return tf.transpose(origins, [2, 0, 1]), tf.transpose(links, [3, 0, 1, 2])


def _distances(ends: tf.Tensor, centre: tf.Tensor) -> tf.Tensor:
    """Distances `[B, K, 6]` of centres `[B, K, 3]` from segments with ends `[B, 6, 2, 3]`."""
    start, along = ends[:, None, :, 0], (ends[:, :, 1] - ends[:, :, 0])[:, None]
    to_centre = centre[:, :, None] - start
    share = tf.reduce_sum(to_centre * along, axis=-1) / tf.reduce_sum(along * along, axis=-1)
    nearest = tf.clip_by_value(share, 0.0, 1.0)[..., None] * along
    return tf.norm(to_centre - nearest, axis=-1)
