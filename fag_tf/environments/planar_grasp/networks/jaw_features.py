"""Image features in the frame of a jaw: readings of the maps at points fixed to the jaw.

The features of a grasp do not depend on the position and the rotation of the object. The points
scale with the gripper.
"""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.image_features import (
    LENGTH_UNIT,
    MAPS,
    PictureFeatures,
    read_maps,
)
from fag_tf.environments.planar_grasp.networks.jaw_pose import Pose
from fag_tf.networks.symmetric import Mirror, joined, mirror_of_places

__all__ = ["JawReader"]

# Signs of the centroid's four numbers in the frame of the jaw, after a mirror along u and along v.
_PLACE_SIGNS = ((-1, 1, 1, 1), (1, -1, -1, 1))
# Number of features of the gripper and the object's size, which no mirror changes.
_CODES = 7


class JawReader:
    """Reads the maps at keypoints fixed to the jaw.

    Args:
        inner: places along the closing direction between the pads, as shares of half the opening.
        outer: places in each finger along the closing direction, as shares of its thickness.
        across: places along the pads, as shares of half the width of a pad.
    """

    def __init__(
        self, inner: Sequence[float], outer: Sequence[float], across: Sequence[float]
    ) -> None:
        mirrored = sorted({-share for share in inner} | set(inner))
        finger = [(math.copysign(1.0, side), share) for side in (-1, 1) for share in outer]
        of_opening = [*mirrored, *(side for side, _ in finger)]
        of_thickness = [*(0.0 for _ in mirrored), *(side * share for side, share in finger)]
        self._of_opening = np.repeat(of_opening, len(across)).astype(np.float32)
        self._of_thickness = np.repeat(of_thickness, len(across)).astype(np.float32)
        self._across = np.tile(across, len(of_opening)).astype(np.float32)

    @property
    def mirrors(self) -> tuple[Mirror, Mirror]:
        """The changes of the features when the scene is mirrored along u and along v."""
        points = np.stack([self._of_opening, self._of_thickness, self._across], axis=1)
        places, kinds = np.repeat(points, MAPS, axis=0), np.tile(range(MAPS), len(points))
        along_u, along_v = (
            joined(
                mirror_of_places(places, kinds, flip),
                Mirror(np.arange(len(signs)), np.array(signs, np.float32)),
                Mirror(np.arange(_CODES), np.ones(_CODES, np.float32)),
            )
            for flip, signs in zip(((-1, -1, 1), (1, 1, -1)), _PLACE_SIGNS, strict=True)
        )
        return along_u, along_v

    def __call__(self, features: PictureFeatures, pose: Pose) -> tf.Tensor:
        """Features `[B, N, F]` of each pose `[B, N]`.

        They are the readings of the maps, the centroid in the frame of the jaw, and numbers for
        the gripper and the size of the object.
        """
        half_opening = 0.5 * features.gripper[:, None, 0:1]
        half_pad = 0.5 * features.gripper[:, None, 1:2]
        thickness = features.gripper[:, None, 2:3]
        x, y = pose.points(
            half_opening * self._of_opening + thickness * self._of_thickness,
            half_pad * self._across,
        )
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
        return tf.concat([seen, place, tf.repeat(code[:, None, :], count, axis=1)], axis=-1)
