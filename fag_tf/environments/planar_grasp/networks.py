"""Actor and critic that look at the picture from the gripper.

Both read a few maps of the picture at keypoints fixed to the jaw, so that what they see of a
grasp does not depend on where the object lies or how it is turned, and scales with the gripper.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from fag_tf.config import Config
from fag_tf.environments.planar_grasp.gripper import RANGES
from fag_tf.networks import Actor, Critic, mlp

__all__ = [
    "GraspActor",
    "GraspCritic",
    "JawReader",
    "PictureFeatures",
    "build_actor",
    "build_critic",
    "signed_distance",
]

TABLE = 0.30
# Lengths are handed to the networks in these units, which makes them numbers near 1.
_DISTANCE_UNIT = 0.03
_BLUR = 2.0

Observation = Mapping[str, tf.Tensor]


class PictureFeatures(NamedTuple):
    """What is computed once a picture.

    Attributes:
        maps: `[B, H * W, 4 C]`, the C maps at each pixel and its three neighbours to the right and
            below, so that one bilinear reading is one look-up.
        size: H and W, int32 `[2]`.
        centroid: of the object's area on the table, m, `[B, 2]`.
        reach: greatest distance of the object from its centroid, m, `[B]`.
        gripper: the six numbers, SI, `[B, 6]`.
        gripper_code: the same scaled to [-1, 1] over the trained ranges, `[B, 6]`.
    """

    maps: tf.Tensor
    size: tf.Tensor
    centroid: tf.Tensor
    reach: tf.Tensor
    gripper: tf.Tensor
    gripper_code: tf.Tensor


def _distance_down_columns(marked: tf.Tensor) -> tf.Tensor:
    """Pixels from each one to the nearest marked one of its column, `[B, H, W]`; by doubling."""
    height = marked.shape[1]
    distance = tf.where(marked, 0.0, 1e6)
    reach = 1
    while reach < height:
        padded = tf.pad(distance, [[0, 0], [reach, reach], [0, 0]], constant_values=1e6)
        nearer = tf.minimum(padded[:, :height], padded[:, 2 * reach :])
        distance = tf.minimum(distance, nearer + float(reach))
        reach *= 2
    return distance


def signed_distance(occupancy: tf.Tensor) -> tf.Tensor:
    """Distance in m from each pixel centre to the object's edge, negative inside; `[B, H, W]`.

    The exact Euclidean transform in two passes: distances down the columns, then along each row
    the lower envelope of the parabolas they stand for (Felzenszwalb and Huttenlocher 2012), found
    by exhaustion, which compiles to one fused reduction.
    """
    inside = occupancy >= 0.5
    width = occupancy.shape[2]
    place = tf.range(width, dtype=tf.float32)
    along_row = tf.square(place[:, None] - place[None, :])
    # A pixel asks for the nearest pixel of the other kind.
    to_inside, to_outside = (tf.square(_distance_down_columns(m)) for m in (inside, ~inside))
    asked = tf.where(inside[..., None], to_outside[:, :, None, :], to_inside[:, :, None, :])
    distance = tf.sqrt(tf.reduce_min(asked + along_row, axis=3))
    # An edge runs half a pixel from the centres on either side of it.
    distance = tf.minimum((distance - 0.5) * (TABLE / width), 2.0 * TABLE)
    return tf.where(inside, -distance, distance)


def _blurred(occupancy: tf.Tensor, sigma: float) -> tf.Tensor:
    """Gaussian blur `[B, H, W]`, sigma in pixels.

    Near a straight edge it is a smooth function of the distance to it, exact below the pixel
    because the occupancy is an area share.
    """
    radius = math.ceil(3 * sigma)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps = tf.constant(taps / taps.sum(), tf.float32)
    image = occupancy[..., None]
    image = tf.nn.conv2d(image, taps[:, None, None, None], 1, "SAME")
    return tf.nn.conv2d(image, taps[None, :, None, None], 1, "SAME")[..., 0]


def _with_neighbours(maps: tf.Tensor) -> tf.Tensor:
    """`[B, H, W, C]` -> `[B, H * W, 4 C]`: each pixel, its right, lower and lower right one."""
    padded = tf.pad(maps, [[0, 0], [0, 1], [0, 1], [0, 0]])
    height, width = maps.shape[1], maps.shape[2]
    corners = [
        padded[:, i : i + height, j : j + width] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]
    return tf.reshape(tf.concat(corners, axis=-1), [-1, height * width, 4 * maps.shape[3]])


def picture_features(observation: Observation) -> PictureFeatures:
    """The maps of occupancy, blurred occupancy and distance, and where the object lies.

    Args:
        observation: `image` `[B, H, W, 1]` and `gripper` `[B, 6]`.
    """
    image = observation["image"]
    gripper = observation["gripper"]
    height, width = image.shape[1], image.shape[2]
    occupancy = image[..., 0]
    maps = tf.stack(
        [occupancy, _blurred(occupancy, _BLUR), signed_distance(occupancy) / _DISTANCE_UNIT],
        axis=-1,
    )
    x = (tf.range(width, dtype=tf.float32) + 0.5) * (TABLE / width) - TABLE / 2
    y = TABLE / 2 - (tf.range(height, dtype=tf.float32) + 0.5) * (TABLE / height)
    weight = occupancy / tf.maximum(tf.reduce_sum(occupancy, axis=[1, 2], keepdims=True), 1e-6)
    centre_x = tf.reduce_sum(weight * x, axis=[1, 2], keepdims=True)
    centre_y = tf.reduce_sum(weight * y[:, None], axis=[1, 2], keepdims=True)
    from_centre = tf.sqrt(tf.square(x - centre_x) + tf.square(y[:, None] - centre_y))
    reach = tf.reduce_max(tf.where(occupancy >= 0.5, from_centre, 0.0), axis=[1, 2])
    centroid = tf.concat([centre_x[:, 0], centre_y[:, 0]], axis=-1)
    low, high = (tf.constant([RANGES[name][i] for name in RANGES], tf.float32) for i in (0, 1))
    return PictureFeatures(
        maps=tf.stop_gradient(_with_neighbours(maps)),
        size=tf.constant([height, width]),
        centroid=centroid,
        reach=reach,
        gripper=gripper,
        gripper_code=2.0 * (gripper - low) / (high - low) - 1.0,
    )


class JawReader:
    """Reads the maps at keypoints fixed to the jaw.

    Args:
        inner: places along the closing direction within the opening, as shares of its half.
        outer: places across each finger, as shares of its thickness.
        across: places along the pads, as shares of half their width.
        around: radii of rings around the jaw's middle with eight places each, m; what is to be
            seen there tells which way to go, not whether the grasp holds.
    """

    def __init__(
        self,
        inner: Sequence[float],
        outer: Sequence[float],
        across: Sequence[float],
        around: Sequence[float] = (),
    ) -> None:
        mirrored = sorted({-share for share in inner} | set(inner))
        finger = [(math.copysign(1.0, side), share) for side in (-1, 1) for share in outer]
        of_opening = [*mirrored, *(side for side, _ in finger)]
        of_thickness = [*(0.0 for _ in mirrored), *(side * share for side, share in finger)]
        self.points = len(of_opening) * len(across)
        self._of_opening = np.repeat(of_opening, len(across)).astype(np.float32)
        self._of_thickness = np.repeat(of_thickness, len(across)).astype(np.float32)
        self._across = np.tile(across, len(of_opening)).astype(np.float32)
        # Every second ring is turned by half a step, so that no direction is seen by none.
        angles = [
            math.pi / 4 * (k + 0.5 * (ring % 2)) for ring in range(len(around)) for k in range(8)
        ]
        self._ring_u = (np.repeat(around, 8) * np.cos(angles)).astype(np.float32)
        self._ring_v = (np.repeat(around, 8) * np.sin(angles)).astype(np.float32)

    def __call__(self, features: PictureFeatures, pose: "Pose") -> tf.Tensor:
        """What the jaw sees at each pose: `[B, N, F]`, with the centroid seen from the jaw."""
        half_opening = 0.5 * features.gripper[:, None, 0:1]
        half_pad = 0.5 * features.gripper[:, None, 1:2]
        thickness = features.gripper[:, None, 2:3]
        u = half_opening * self._of_opening + thickness * self._of_thickness
        v = half_pad * self._across
        ring = tf.zeros_like(half_opening)
        u = tf.concat([u, ring + self._ring_u], axis=-1)
        v = tf.concat([v, ring + self._ring_v], axis=-1)
        x = pose.x[..., None] + pose.cos[..., None] * u - pose.sin[..., None] * v
        y = pose.y[..., None] + pose.sin[..., None] * u + pose.cos[..., None] * v
        seen = _read(features, x, y)

        dx = features.centroid[:, None, 0] - pose.x
        dy = features.centroid[:, None, 1] - pose.y
        centre_u = pose.cos * dx + pose.sin * dy
        centre_v = pose.cos * dy - pose.sin * dx
        lever = centre_v / features.gripper[:, None, 5]
        place = tf.stack(
            [centre_u / _DISTANCE_UNIT, centre_v / _DISTANCE_UNIT, lever, tf.abs(lever) - 1.0],
            axis=-1,
        )
        count = tf.shape(pose.x)[1]
        code = tf.concat(
            [features.gripper_code, features.reach[:, None] / _DISTANCE_UNIT - 2.0], axis=-1
        )
        code = tf.repeat(code[:, None, :], count, axis=1)
        return tf.concat([seen, place, code], axis=-1)


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


def _read(features: PictureFeatures, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Bilinear readings of all maps at points `[B, N, K]`: `[B, N, K * C]`."""
    height, width = tf.unstack(tf.cast(features.size, tf.float32))
    column = (x + TABLE / 2) * (width / TABLE) - 0.5
    row = (TABLE / 2 - y) * (height / TABLE) - 0.5
    column = tf.clip_by_value(column, 0.0, width - 1.0)
    row = tf.clip_by_value(row, 0.0, height - 1.0)
    left, top = tf.stop_gradient(tf.floor(column)), tf.stop_gradient(tf.floor(row))
    right_share, lower_share = (column - left)[..., None], (row - top)[..., None]
    index = tf.cast(top * width + left, tf.int32)
    flat = tf.reshape(index, [tf.shape(index)[0], -1])
    corners = tf.gather(features.maps, flat, batch_dims=1)
    channels = features.maps.shape[-1] // 4
    corners = tf.reshape(corners, [tf.shape(x)[0], tf.shape(x)[1], x.shape[2], 4, channels])
    upper = corners[..., 0, :] + right_share * (corners[..., 1, :] - corners[..., 0, :])
    lower = corners[..., 2, :] + right_share * (corners[..., 3, :] - corners[..., 2, :])
    value = upper + lower_share * (lower - upper)
    return tf.reshape(value, [tf.shape(x)[0], tf.shape(x)[1], x.shape[2] * channels])


class GraspActor(Actor):
    """Starts spread over the object's surroundings and refines each grasp by what it sees.

    The first two latents place the jaw in a square around the object, the third turns it; each
    step then moves it in its own frame by what a network of its own reads there. At the start of
    training the steps do next to nothing, so no region of grasps is missed from the outset.

    Args:
        width: of the hidden layers.
        depth: number of hidden layers a step.
        steps: number of refinement steps.
        seed: of the initial weights.
    """

    def __init__(self, width: int, depth: int, steps: int, seed: int) -> None:
        super().__init__(name="actor")
        self.latent_dim = 3
        self.reader = JawReader(
            inner=(0.0, 1 / 3, 2 / 3, 1.0),
            outer=(0.5, 1.0),
            across=(-1.0, 0.0, 1.0),
            around=(0.025, 0.05, 0.08),
        )
        self.bodies = [
            mlp([width] * depth, 3, seed + 7919 * step, final_scale=0.05) for step in range(steps)
        ]

    def encode(self, observation: Observation) -> PictureFeatures:
        """State features; see the base class."""
        return picture_features(observation)

    def start(self, features: PictureFeatures, latent: tf.Tensor) -> Pose:
        """Where the refinement begins: even over a square that holds all the object's grasps."""
        half_side = features.reach + 0.5 * features.gripper[:, 0]
        place = features.centroid[:, None, :] + half_side[:, None, None] * latent[..., :2]
        turn = 0.5 * math.pi * (latent[..., 2] + 1.0)
        return Pose(place[..., 0], place[..., 1], tf.cos(turn), tf.sin(turn))

    def act(self, features: PictureFeatures, latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`; see the base class."""
        pose = self.start(features, latent)
        for body in self.bodies:
            du, dv, turn = tf.unstack(body(self.reader(features, pose)), axis=-1)
            pose = pose.moved(_DISTANCE_UNIT * du, _DISTANCE_UNIT * dv, turn)
        theta = tf.math.floormod(tf.atan2(pose.sin, pose.cos), math.pi)
        # The remainder of a tiny negative angle rounds to the whole period.
        theta = tf.where(theta >= math.pi, theta - math.pi, theta)
        return tf.stack([pose.x, pose.y, theta], axis=-1)


class GraspCritic(Critic):
    """Probability that a grasp holds, from what the jaw sees.

    Args: as for `GraspActor`.
    """

    def __init__(self, width: int, depth: int, seed: int) -> None:
        super().__init__(name="critic")
        self.reader = JawReader(
            inner=(0.0, 1 / 3, 2 / 3, 1.0), outer=(0.5, 1.0), across=(-1.0, 0.0, 1.0)
        )
        self.body = mlp([width] * depth, 1, seed)

    def encode(self, observation: Observation) -> PictureFeatures:
        """State features; see the base class."""
        return picture_features(observation)

    def judge(self, features: PictureFeatures, actions: tf.Tensor) -> tf.Tensor:
        """Logits `[B, E]`; see the base class."""
        x, y, theta = tf.unstack(actions, axis=-1)
        seen = self.reader(features, Pose(x, y, tf.cos(theta), tf.sin(theta)))
        logit = self.body(seen)[..., 0]
        in_reach = tf.maximum(tf.abs(x), tf.abs(y)) <= TABLE / 2
        return tf.where(in_reach, logit, -20.0)


def build_actor(config: Config) -> GraspActor:
    """The actor of that configuration."""
    return GraspActor(config.actor.width, config.actor.depth, config.actor.steps, config.seed)


def build_critic(config: Config) -> GraspCritic:
    """The critic of that configuration."""
    return GraspCritic(config.critic.width, config.critic.depth, config.seed + 1)
