"""What a jaw sees of a picture: maps at points fixed to it, and what its pads would touch first.

Seen so, a grasp looks the same wherever the object lies and however it is turned, and it scales
with the gripper.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.picture_features import (
    LENGTH_UNIT,
    MAPS,
    PictureFeatures,
    read_distance,
    read_maps,
)
from fag_tf.symmetric_networks import Mirror, joined

__all__ = ["JawReader", "PadProfile", "Pose"]

# Where the centroid is seen from the jaw: which of the numbers a mirror along u, and along v, turns
# about. What gripper and how large an object it is: how many numbers, which no mirror changes.
_PLACE_SIGNS = ((-1, 1, 1, 1), (1, -1, -1, 1))
_CODES = 7

# Times that a line from a pad jumps on by the distance to the object. A surface faced straight is
# met by the first; at a slant of 45 degrees four leave a hundredth of the way.
_JUMPS = 4

# Beyond this, m, what is left of the way to a surface says only that the line met none.
_LEFT_UNIT = 0.003


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


class JawReader:
    """Reads the maps at keypoints fixed to the jaw.

    Args:
        inner: places along the closing direction within the opening, as shares of its half.
        outer: places across each finger, as shares of its thickness.
        across: places along the pads, as shares of half their width.
        lines: of each pad's profile; see `PadProfile`.
    """

    def __init__(
        self,
        inner: Sequence[float],
        outer: Sequence[float],
        across: Sequence[float],
        lines: int,
    ) -> None:
        self.profile = PadProfile(lines)
        mirrored = sorted({-share for share in inner} | set(inner))
        finger = [(math.copysign(1.0, side), share) for side in (-1, 1) for share in outer]
        of_opening = [*mirrored, *(side for side, _ in finger)]
        of_thickness = [*(0.0 for _ in mirrored), *(side * share for side, share in finger)]
        self._of_opening = np.repeat(of_opening, len(across)).astype(np.float32)
        self._of_thickness = np.repeat(of_thickness, len(across)).astype(np.float32)
        self._across = np.tile(across, len(of_opening)).astype(np.float32)

    @property
    def mirrors(self) -> tuple[Mirror, Mirror]:
        """What becomes of all that is read when the scene is mirrored along u, and along v."""
        points = np.stack([self._of_opening, self._of_thickness, self._across], axis=1)
        along_u, along_v = (
            joined(
                _permutation(np.repeat(points, MAPS, axis=0), np.tile(range(MAPS), len(points)), f),
                Mirror(np.arange(len(place)), np.array(place, np.float32)),
                Mirror(np.arange(_CODES), np.ones(_CODES, np.float32)),
                profile,
            )
            for f, place, profile in zip(
                ((-1, -1, 1), (1, 1, -1)), _PLACE_SIGNS, self.profile.mirrors, strict=True
            )
        )
        return along_u, along_v

    def __call__(self, features: PictureFeatures, pose: Pose) -> tf.Tensor:
        """What the jaw sees at each pose: `[B, N, F]`, with the centroid seen from the jaw."""
        half_opening = 0.5 * features.gripper[:, None, 0:1]
        half_pad = 0.5 * features.gripper[:, None, 1:2]
        thickness = features.gripper[:, None, 2:3]
        u = half_opening * self._of_opening + thickness * self._of_thickness
        v = half_pad * self._across
        x = pose.x[..., None] + pose.cos[..., None] * u - pose.sin[..., None] * v
        y = pose.y[..., None] + pose.sin[..., None] * u + pose.cos[..., None] * v
        seen = read_maps(features, x, y)

        dx = features.centroid[:, None, 0] - pose.x
        dy = features.centroid[:, None, 1] - pose.y
        centre_u = pose.cos * dx + pose.sin * dy
        centre_v = pose.cos * dy - pose.sin * dx
        lever = centre_v / features.gripper[:, None, 5]
        place = tf.stack(
            [centre_u / LENGTH_UNIT, centre_v / LENGTH_UNIT, lever, tf.abs(lever) - 1.0],
            axis=-1,
        )
        count = tf.shape(pose.x)[1]
        code = tf.concat(
            [features.gripper_code, features.reach[:, None] / LENGTH_UNIT - 2.0], axis=-1
        )
        code = tf.repeat(code[:, None, :], count, axis=1)
        return tf.concat([seen, place, code, self.profile(features, pose)], axis=-1)


class PadProfile:
    """How far each pad travels, line by line along its width, until it meets the object.

    From the inner face of a pad a line runs towards the other, and jumps on by the distance that
    the map says is free until nothing is (sphere tracing, Hart 1996). Whether both patches of
    contact are wide enough and oppose each other is read off these travels.

    Args:
        lines: of each pad, evenly from edge to edge.
    """

    def __init__(self, lines: int) -> None:
        self.lines = lines
        self._side = np.repeat([-1.0, 1.0], lines).astype(np.float32)
        self._across = np.tile(np.linspace(-1.0, 1.0, lines), 2).astype(np.float32)

    @property
    def mirrors(self) -> tuple[Mirror, Mirror]:
        """What becomes of the profile when the scene is mirrored along u, and along v."""
        places = np.tile(np.stack([self._side, self._across], axis=1), (3, 1))
        kinds = np.repeat(range(3), 2 * self.lines)
        return _permutation(places, kinds, (-1, 1)), _permutation(places, kinds, (1, -1))

    def travel(self, features: PictureFeatures, pose: Pose) -> tuple[tf.Tensor, tf.Tensor]:
        """Each line's travel, m, `[B, N, 2 lines]`, and the last jump of it.

        The lines of the pad at -u come first, each pad's from -v to v. A line that meets nothing
        travels to the other pad; one that starts inside the object does not travel.
        """
        half_opening = 0.5 * features.gripper[:, None, 0:1]
        v = 0.5 * features.gripper[:, None, 1:2] * self._across
        travel = tf.zeros_like(pose.x[..., None] + v)
        jump = travel
        for _ in range(_JUMPS):
            u = self._side * (half_opening - travel)
            x = pose.x[..., None] + pose.cos[..., None] * u - pose.sin[..., None] * v
            y = pose.y[..., None] + pose.sin[..., None] * u + pose.cos[..., None] * v
            jump = read_distance(features, x, y)
            travel = tf.clip_by_value(travel + jump, 0.0, 2.0 * half_opening)
        return travel, jump

    def __call__(self, features: PictureFeatures, pose: Pose) -> tf.Tensor:
        """The profile of both pads at each pose, numbers near 1: `[B, N, 6 lines]`.

        For each line its travel as a share of the opening; how much farther than the pad's first
        line it travels, beside the compliance, from 0 (it touches too) over 1/2 (just at the depth
        to which the pad yields) to 1; and the last jump.
        """
        travel, jump = self.travel(features, pose)
        first = [
            tf.repeat(tf.reduce_min(pad, axis=-1, keepdims=True), self.lines, axis=-1)
            for pad in tf.split(travel, 2, axis=-1)
        ]
        behind = travel - tf.concat(first, axis=-1)
        compliance = features.gripper[:, None, 4:5]
        return tf.concat(
            [
                travel / features.gripper[:, None, 0:1],
                behind / (compliance + behind),
                jump / (_LEFT_UNIT + tf.abs(jump)),
            ],
            axis=-1,
        )


def _permutation(
    places: NDArray[np.floating], kinds: NDArray[np.integer], flip: tuple[int, ...]
) -> Mirror:
    """The mirror that maps readings of those kinds at places `[K, D]` to those at their images."""
    labelled = np.column_stack([places, 10.0 * kinds])
    apart = np.abs(labelled[:, None] - labelled * np.array([*flip, 1.0])).sum(axis=-1)
    return Mirror(np.argmin(apart, axis=0), np.ones(len(places), np.float32))
