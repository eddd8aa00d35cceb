"""Features of the contacts: the travel of each pad to the object, and a close-up of the contact.

They show whether both contact patches are wide enough and oppose each other. This depends on one or
two millimetres at any place along the pads. Points fixed to the jaw are too coarse for it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.image_features import (
    MAPS,
    PictureFeatures,
    read_distance,
    read_maps,
)
from fag_tf.environments.planar_grasp.networks.jaw_pose import Pose
from fag_tf.networks.symmetric import Mirror, joined, mirror_of_places

__all__ = ["CloseUp", "PadProfile", "Touch"]

# Number of jumps of a line. On a surface at 45 degrees, four leave a hundredth of the distance.
_JUMPS = 4

# Remaining distance, m, from which the feature saturates: the line met no surface.
_LEFT_UNIT = 0.003

# Lines with at most this much more travel than the first line, m, touch together with it.
_TIE = 1e-4


class Touch(NamedTuple):
    """The contacts of the lines from both pads; the pad at -u comes first.

    Attributes:
        travel: travel of each line to the object, in order from -v to v, m, `[B, N, 2 lines]`.
        jump: last jump of each line, m, `[B, N, 2 lines]`; near 0 if the line meets the object.
        first: least travel of each pad, m, `[B, N, 2]`.
        place: place v along each pad of the first touch, m, `[B, N, 2]`. If several lines touch
            first, it is their mean.
    """

    travel: tf.Tensor
    jump: tf.Tensor
    first: tf.Tensor
    place: tf.Tensor


class PadProfile:
    """The travel of each pad to the object, along several lines over the width of the pad.

    A line starts at the inner face of a pad and runs towards the other pad. It moves forward by the
    distance to the object in the distance map, several times (sphere tracing, Hart 1996).

    Args:
        lines: number of lines of each pad, evenly spaced from edge to edge.
    """

    def __init__(self, lines: int) -> None:
        self.lines = lines
        self._side = np.repeat([-1.0, 1.0], lines).astype(np.float32)
        self._across = np.tile(np.linspace(-1.0, 1.0, lines), 2).astype(np.float32)

    @property
    def mirrors(self) -> tuple[Mirror, Mirror]:
        """The changes of the profile when the scene is mirrored along u and along v."""
        places = np.tile(np.stack([self._side, self._across], axis=1), (3, 1))
        kinds = np.repeat(range(3), 2 * self.lines)
        return mirror_of_places(places, kinds, (-1, 1)), mirror_of_places(places, kinds, (1, -1))

    def touch(self, features: PictureFeatures, pose: Pose) -> Touch:
        """Find the place where each line from the pads meets the object.

        A line that meets nothing travels to the other pad. A line that starts inside the object
        has a travel of 0.
        """
        half_opening = 0.5 * features.gripper[:, None, 0:1]
        v = 0.5 * features.gripper[:, None, 1:2] * self._across
        travel = tf.zeros_like(pose.x[..., None] + v)
        jump = travel
        for _ in range(_JUMPS):
            jump = read_distance(features, *pose.points(self._side * (half_opening - travel), v))
            travel = tf.clip_by_value(travel + jump, 0.0, 2.0 * half_opening)
        return self._touch(features, travel, jump)

    def thinned(self, features: PictureFeatures, finer: Touch) -> Touch:
        """Select the contacts of this profile's lines from the contacts of a finer profile.

        The lines of this profile must be every k-th line of the finer profile.
        """
        lines = finer.travel.shape[-1] // 2
        step = (lines - 1) // (self.lines - 1)
        own = [pad * lines + k for pad in (0, 1) for k in range(0, lines, step)]
        travel, jump = (tf.gather(part, own, axis=-1) for part in (finer.travel, finer.jump))
        return self._touch(features, travel, jump)

    def _touch(self, features: PictureFeatures, travel: tf.Tensor, jump: tf.Tensor) -> Touch:
        v = 0.5 * features.gripper[:, None, 1:2] * self._across[: self.lines]
        firsts, places = [], []
        for pad in tf.split(travel, 2, axis=-1):
            firsts.append(tf.reduce_min(pad, axis=-1))
            together = tf.nn.softmax(-pad / _TIE, axis=-1)
            places.append(tf.reduce_sum(together * v, axis=-1))
        # The place jumps from line to line when the jaw moves, so it has no useful gradient.
        place = tf.stop_gradient(tf.stack(places, axis=-1))
        return Touch(travel, jump, tf.stack(firsts, axis=-1), place)

    def __call__(self, features: PictureFeatures, touch: Touch) -> tf.Tensor:
        """The profile of both pads at each pose, three numbers per line, `[B, N, 6 lines]`.

        The first number is the travel as a share of the opening. The second number compares d, the
        additional travel after the first line of the pad, with the compliance c: d / (c + d). It is
        0 at the first touch and 1/2 at the depth to which the pad yields. The third number is the
        last jump, scaled to (-1, 1).
        """
        behind = touch.travel - tf.repeat(touch.first, self.lines, axis=-1)
        compliance = features.gripper[:, None, 4:5]
        return tf.concat(
            [
                touch.travel / features.gripper[:, None, 0:1],
                behind / (compliance + behind),
                touch.jump / (_LEFT_UNIT + tf.abs(touch.jump)),
            ],
            axis=-1,
        )


class CloseUp:
    """Readings of all maps on a fine grid around the first touch of each pad.

    Args:
        inward: places of the grid along the closing direction, m from the first touch; positive
            away from the pad.
        along: places of the grid along the pad, m from the first touch.
    """

    def __init__(self, inward: Sequence[float], along: Sequence[float]) -> None:
        self._inward = np.repeat(inward, len(along)).astype(np.float32)
        self._along = np.tile(along, len(inward)).astype(np.float32)

    @property
    def mirrors(self) -> tuple[Mirror, Mirror]:
        """The changes of the close-up when the scene is mirrored along u and along v."""
        grid = np.stack([self._inward, self._along], axis=1)
        places = np.column_stack([np.repeat([-1.0, 1.0], len(grid)), np.tile(grid, (2, 1))])
        places, kinds = np.repeat(places, MAPS, axis=0), np.tile(range(MAPS), len(places))
        swapped, turned = np.array([1, 0]), np.array([0, 1])
        return (
            joined(
                mirror_of_places(places, kinds, (-1, 1, 1)),
                Mirror(swapped, np.ones(2, np.float32)),
            ),
            joined(
                mirror_of_places(places, kinds, (1, 1, -1)),
                Mirror(turned, -np.ones(2, np.float32)),
            ),
        )

    def __call__(self, features: PictureFeatures, pose: Pose, touch: Touch) -> tf.Tensor:
        """Readings of C maps at K places of each pad, and the two places of first touch.

        The places of first touch are shares of half the pad's width. The pad at -u comes first. The
        shape is `[B, N, 2 K C + 2]`.
        """
        half_opening = 0.5 * features.gripper[:, None, 0:1]
        half_pad = 0.5 * features.gripper[:, None, 1:2]
        u = [
            side * (half_opening - first - self._inward)
            for side, first in zip((-1.0, 1.0), tf.split(touch.first, 2, axis=-1), strict=True)
        ]
        v = [place + self._along for place in tf.split(touch.place, 2, axis=-1)]
        seen = read_maps(features, *pose.points(tf.concat(u, axis=-1), tf.concat(v, axis=-1)))
        return tf.concat([seen, touch.place / half_pad], axis=-1)
