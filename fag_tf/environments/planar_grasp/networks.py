"""Actor and critic that look at the picture from the gripper.

Both read a few maps of the picture at keypoints fixed to the jaw, so that what they see of a
grasp does not depend on where the object lies or how it is turned, and scales with the gripper.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.config import Config
from fag_tf.environments.planar_grasp.feasibility import TABLE_SIDE
from fag_tf.environments.planar_grasp.picture_features import (
    LENGTH_UNIT,
    MAPS,
    PictureFeatures,
    picture_features,
    read_maps,
)
from fag_tf.errors import InputError
from fag_tf.networks import Actor, Critic
from fag_tf.symmetric_networks import Mirror, SymmetricMLP

__all__ = ["GraspActor", "GraspCritic", "JawReader", "Pose", "build_actor", "build_critic"]

Observation = Mapping[str, tf.Tensor]

# Of one sample's place (in table sides) and direction, times the number of samples in the batch.
_GREATEST_GRADIENT = 40.0

# Numbers that say what gripper and how large an object it is, which no mirror changes.
_CODES = 7

# Which outputs change their sign when the scene is mirrored along u, and along v: a move along u,
# a move along v and a turn; the logit.
_MOVE_PARITIES = ((-1, 1), (1, -1), (-1, -1))
_LOGIT_PARITY = ((1, 1),)

# Half-widths of the noise between steps while the actor learns, m and rad.
_JITTER = 0.003
_JITTER_TURN = 0.06


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
        """What becomes of all that is read when the scene is mirrored along u, and along v."""
        points = np.stack([self._of_opening, self._of_thickness, self._across], axis=1)
        return _mirror(points, (-1, -1, 1), (-1, 1, 1, 1)), _mirror(
            points, (1, 1, -1), (1, -1, -1, 1)
        )

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
        return tf.concat([seen, place, code], axis=-1)


def _mirror(
    points: NDArray[np.float32], flip: tuple[int, ...], place_sign: tuple[int, ...]
) -> Mirror:
    """The mirror that maps keypoints `[K, 3]` so, and the four numbers of place so."""
    apart = np.abs(points[:, None] - points * np.array(flip)).sum(axis=-1)
    partner = np.argmin(apart, axis=0)
    readings = (MAPS * partner[:, None] + np.arange(MAPS)).ravel()
    count = len(readings)
    others = len(place_sign) + _CODES
    sign = np.ones(count + others, np.float32)
    sign[count : count + len(place_sign)] = place_sign
    return Mirror(np.append(readings, count + np.arange(others)), sign)


@tf.custom_gradient
def _steady(place: tf.Tensor) -> Any:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        count = tf.cast(tf.shape(place)[0] * tf.shape(place)[1], tf.float32)
        return tf.clip_by_norm(upstream, _GREATEST_GRADIENT / count, axes=-1)

    return tf.identity(place), gradient


def _steadied(pose: Pose) -> Pose:
    """The same pose; the gradient of a mean over all samples that flows back to it is bounded.

    What the jaw sees can change steeply as it moves. Over several steps that multiplies, and a few
    samples' gradients would outgrow all the others' by orders of magnitude.
    """
    place = tf.stack([pose.x / TABLE_SIDE, pose.y / TABLE_SIDE, pose.cos, pose.sin], axis=-1)
    x, y, cos, sin = tf.unstack(_steady(place), axis=-1)
    return Pose(x * TABLE_SIDE, y * TABLE_SIDE, cos, sin)


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
        self.jitter_dim = 3 * (steps - 1)
        self.reader = JawReader(
            inner=(0.0, 1 / 3, 2 / 3, 1.0), outer=(0.5, 1.0), across=(-1.0, 0.0, 1.0)
        )
        self.bodies = [
            SymmetricMLP(
                self.reader.mirrors, _MOVE_PARITIES, width, depth, seed + 7919 * step, 0.05
            )
            for step in range(steps)
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
        jitter = latent[..., self.latent_dim :]
        for step, body in enumerate(self.bodies):
            if step and latent.shape[-1] > self.latent_dim:
                # Steps that must put up with a little noise do not come to multiply rounding.
                shift_u, shift_v, shift = tf.unstack(jitter[..., 3 * step - 3 : 3 * step], axis=-1)
                pose = pose.moved(_JITTER * shift_u, _JITTER * shift_v, _JITTER_TURN * shift)
            du, dv, turn = tf.unstack(body(self.reader(features, pose)), axis=-1)
            pose = _steadied(pose.moved(LENGTH_UNIT * du, LENGTH_UNIT * dv, turn))
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
            inner=(0.0, 0.25, 0.5, 0.75, 1.0), outer=(0.5, 1.0), across=(-1.0, -0.5, 0.0, 0.5, 1.0)
        )
        self.body = SymmetricMLP(self.reader.mirrors, _LOGIT_PARITY, width, depth, seed)

    def encode(self, observation: Observation) -> PictureFeatures:
        """State features; see the base class."""
        return picture_features(observation)

    def judge(self, features: PictureFeatures, actions: tf.Tensor) -> tf.Tensor:
        """Logits `[B, E]`; see the base class."""
        x, y, theta = tf.unstack(actions, axis=-1)
        seen = self.reader(features, Pose(x, y, tf.cos(theta), tf.sin(theta)))
        logit = self.body(seen)[..., 0]
        in_reach = tf.maximum(tf.abs(x), tf.abs(y)) <= TABLE_SIDE / 2
        return tf.where(in_reach, logit, -20.0)


def build_actor(config: Config) -> GraspActor:
    """The actor of that configuration.

    Raises:
        InputError: its width cannot be shared among the mirror images.
    """
    _check_width("actor", config.actor.width)
    return GraspActor(config.actor.width, config.actor.depth, config.actor.steps, config.seed)


def build_critic(config: Config) -> GraspCritic:
    """The critic of that configuration.

    Raises:
        InputError: as for the actor.
    """
    _check_width("critic", config.critic.width)
    return GraspCritic(config.critic.width, config.critic.depth, config.seed + 1)


def _check_width(network: str, width: int) -> None:
    if width % 4:
        raise InputError(
            f"{network}.width is {width}; for planar grasps it must be a multiple of 4, the scene "
            "and its mirror images"
        )
