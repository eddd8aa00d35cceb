"""How far each pad travels until it touches the object, and what the object looks like there.

Whether both patches of contact are wide enough and oppose each other is read off this. It turns on
a millimetre or two, anywhere along the pads: too fine for points fixed to the jaw.
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

# Times that a line from a pad jumps on by the distance to the object. A surface faced straight is
# met by the first; at a slant of 45 degrees four leave a hundredth of the way.
_JUMPS = 4

# Beyond this, m, what is left of the way to a surface says only that the line met none.
_LEFT_UNIT = 0.003

# Lines that travel no farther than this beyond the first, m, count as touching with it.
_TIE = 1e-4


class Touch(NamedTuple):
    """What the lines from both pads find; those of the pad at -u come first.

    Attributes:
        travel: of each line, from -v to v, m, `[B, N, 2 lines]`.
        jump: the last jump of each, m, near 0 where the line met something.
        first: the least travel of each pad, m, `[B, N, 2]`.
        place: where along the pad that is, v, m, `[B, N, 2]`; the middle of it where several
            lines touch first.
    """

    travel: tf.Tensor
    jump: tf.Tensor
    first: tf.Tensor
    place: tf.Tensor


class PadProfile:
    """How far each pad travels, line by line along its width, until it meets the object.

    From the inner face of a pad a line runs towards the other, and jumps on by the distance that
    the map says is free until nothing is (sphere tracing, Hart 1996).

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
        return mirror_of_places(places, kinds, (-1, 1)), mirror_of_places(places, kinds, (1, -1))

    def touch(self, features: PictureFeatures, pose: Pose) -> Touch:
        """Where each line from the pads meets the object.

        A line that meets nothing travels to the other pad; one that starts inside the object does
        not travel.
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
        """What these lines find, given what finer ones do, every so many of which are these."""
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
        # It leaps from line to line as the jaw moves: no gradient says where to.
        place = tf.stop_gradient(tf.stack(places, axis=-1))
        return Touch(travel, jump, tf.stack(firsts, axis=-1), place)

    def __call__(self, features: PictureFeatures, touch: Touch) -> tf.Tensor:
        """The profile of both pads at each pose, numbers near 1: `[B, N, 6 lines]`.

        For each line its travel as a share of the opening; how much farther than the pad's first
        line it travels, beside the compliance, from 0 (it touches too) over 1/2 (just at the depth
        to which the pad yields) to 1; and the last jump.
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
    """All maps on a grid, as fine as the pixels, around the place that each pad touches first.

    Args:
        inward: the grid's places along the closing direction, m from the first touch, above 0
            away from the pad.
        along: the grid's places along the pad, m from the first touch.
    """

    def __init__(self, inward: Sequence[float], along: Sequence[float]) -> None:
        self._inward = np.repeat(inward, len(along)).astype(np.float32)
        self._along = np.tile(along, len(inward)).astype(np.float32)

    @property
    def mirrors(self) -> tuple[Mirror, Mirror]:
        """What becomes of the close-up when the scene is mirrored along u, and along v."""
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
        """The maps, then where along each pad they were read, as a share of half the pad.

        `[B, N, 2 K C + 2]` for K places and C maps; the pad at -u comes first.
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
