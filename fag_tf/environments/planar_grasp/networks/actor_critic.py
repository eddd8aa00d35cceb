"""Actor and critic for planar grasps, with image features in the frame of the jaw.

The features of a grasp do not depend on the position and the rotation of the object.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.image_features import (
    LENGTH_UNIT,
    PictureFeatures,
    picture_features,
)
from fag_tf.environments.planar_grasp.networks.jaw_features import JawReader
from fag_tf.environments.planar_grasp.networks.jaw_pose import Pose
from fag_tf.environments.planar_grasp.networks.pad_contacts import CloseUp, PadProfile, Touch
from fag_tf.environments.planar_grasp.networks.start_region import Surroundings
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.networks.base import Actor, Critic
from fag_tf.networks.symmetric import Mirror, SymmetricMLP, joined

__all__ = ["GraspActor", "GraspCritic"]

Observation = Mapping[str, tf.Tensor]

# Bound on the gradient of a sample's place (table sides) and direction, times number of samples.
_GREATEST_GRADIENT = 40.0

# Signs of the outputs after a mirror along u and along v: moves along u and v, a turn, and a logit.
_LOGIT_PARITY = ((1, 1),)
_STEP_PARITIES = ((-1, 1), (1, -1), (-1, -1), *_LOGIT_PARITY)

# Number of lines of each pad in the critic; the actor uses every second line.
_FINE_LINES = 9

# Places of the critic's close-up of each contact, m from the first touch. A pixel is 2.3 mm.
_CLOSEUP_INWARD = (-0.002, 0.0, 0.002, 0.004)
_CLOSEUP_ALONG = (-0.004, -0.002, 0.0, 0.002, 0.004)

# Half-widths of the noise between steps in the actor's training, m and rad.
_JITTER = 0.003
_JITTER_TURN = 0.06


@tf.custom_gradient
def _steady(place: tf.Tensor) -> Any:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        count = tf.cast(tf.shape(place)[0] * tf.shape(place)[1], tf.float32)
        return tf.clip_by_norm(upstream, _GREATEST_GRADIENT / count, axes=-1)

    return tf.identity(place), gradient


def _steadied(pose: Pose) -> Pose:
    """The pose, with a bound on the gradient that passes back through it.

    The features can change steeply when the jaw moves, and the gradients of several steps multiply.
    Without a bound, the gradients of a few samples would be larger than all others by orders of
    magnitude. The bound is for a loss that is a mean over all samples.
    """
    place = tf.stack([pose.x / TABLE_SIDE, pose.y / TABLE_SIDE, pose.cos, pose.sin], axis=-1)
    x, y, cos, sin = tf.unstack(_steady(place), axis=-1)
    return Pose(x * TABLE_SIDE, y * TABLE_SIDE, cos, sin)


class GraspActor(Actor):
    """Refines initial grasps, spread around the object, step by step from image features.

    The first two latents place the jaw near the object. The third latent turns the jaw. Each step
    has its own network, which reads the features at the present pose. It gives a move in the frame
    of the jaw and a stop logit. Before training the moves are nearly 0, so the samples cover all
    regions of grasps.

    Args:
        width: number of units in each hidden layer, a multiple of 4.
        depth: number of hidden layers in each step.
        steps: number of refinement steps.
        seed: seed of the initial weights.
    """

    refines = True

    def __init__(self, width: int, depth: int, steps: int, seed: int) -> None:
        super().__init__(name="actor")
        self.latent_dim = 3
        self.jitter_dim = 3 * (steps - 1)
        self.reader = JawReader(inner=(0.0, 0.5, 1.0), outer=(0.5, 1.0), across=(-1.0, 0.0, 1.0))
        self.profile = PadProfile(lines=5)
        # The same profile as the critic's, so that a compiler computes it once for both networks.
        self.fine_profile = PadProfile(lines=_FINE_LINES)
        mirrors = _joined_mirrors(self.reader, self.profile)
        self.bodies = [
            SymmetricMLP(mirrors, _STEP_PARITIES, width, depth, seed + 7919 * step, 0.05)
            for step in range(steps)
        ]
        self.crowds = SymmetricMLP(mirrors, _LOGIT_PARITY, width, depth, seed + 7919 * steps, 0.05)

    def encode(self, observation: Observation) -> PictureFeatures:
        """Image features of B states; see the base class."""
        return picture_features(observation, self.fused)

    def initial_distribution(self, features: PictureFeatures) -> Surroundings:
        """The uniform distribution over grasps near the object; see the base class."""
        return Surroundings(features)

    def initial_actions(self, features: PictureFeatures, latent: tf.Tensor) -> tf.Tensor:
        """Initial actions `[B, N, 3]` for latents `[B, N, 3]`; see the base class."""
        return self.initial_distribution(features).place(latent).action()

    def act(self, features: PictureFeatures, latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, 3]` for latents `[B, N, Z]`; see the base class."""
        return self.trajectory(features, latent)[0][:, :, -1]

    def trajectory(
        self, features: PictureFeatures, latent: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The initial action of each sample and its refinements; see the base class.

        Returns:
            Actions `[B, N, steps + 1, 3]` and stop logits `[B, N, steps]`.
        """
        pose = self.initial_distribution(features).place(latent[..., : self.latent_dim])
        actions, logits = [], []
        jitter = latent[..., self.latent_dim :]
        for step, body in enumerate(self.bodies):
            if step and latent.shape[-1] > self.latent_dim:
                # Steps that are trained with a little noise do not amplify rounding errors.
                shift_u, shift_v, shift = tf.unstack(jitter[..., 3 * step - 3 : 3 * step], axis=-1)
                pose = pose.moved(_JITTER * shift_u, _JITTER * shift_v, _JITTER_TURN * shift)
            actions.append(pose.action())
            du, dv, turn, logit = self._step(body, features, pose)
            logits.append(logit)
            pose = _steadied(pose.moved(LENGTH_UNIT * du, LENGTH_UNIT * dv, turn))
        actions.append(pose.action())
        return tf.stack(actions, axis=2), tf.stack(logits, axis=2)

    def stop_logits(self, features: PictureFeatures, path: tf.Tensor) -> tf.Tensor:
        """Stop logits `[B, N, steps]` of the action before each step; see the base class."""
        begins = tf.unstack(path[:, :, :-1], axis=2)
        return tf.stack(
            [
                self._step(body, features, Pose.of(actions))[3]
                for body, actions in zip(self.bodies, begins, strict=True)
            ],
            axis=2,
        )

    def log_density_ratio(self, features: PictureFeatures, actions: tf.Tensor) -> tf.Tensor:
        """Log density ratio `[B, E]` at actions `[B, E, 3]`; see the base class."""
        pose = Pose.of(actions)
        finer = self.fine_profile.touch(features, pose)
        touch = self.profile.thinned(features, finer)
        return self.crowds(self._seen(features, pose, touch))[..., 0]

    def _step(self, body: SymmetricMLP, features: PictureFeatures, pose: Pose) -> list[tf.Tensor]:
        """Moves along u and v in `LENGTH_UNIT`, turn in rad, and stop logit, each `[B, N]`."""
        touch = self.profile.touch(features, pose)
        return tf.unstack(body(self._seen(features, pose, touch)), axis=-1)

    def _seen(self, features: PictureFeatures, pose: Pose, touch: Touch) -> tf.Tensor:
        profile = self.profile(features, touch)
        # The profile changes too steeply for gradients through several steps.
        return tf.concat([self.reader(features, pose), tf.stop_gradient(profile)], axis=-1)


class GraspCritic(Critic):
    """Gives the logit that a grasp holds, from image features in the frame of the jaw.

    The label often depends on the corner that a pad touches first. `logits` therefore uses a
    close-up of it. An actor cannot follow such fine details, so `guidance_logits` does not use the
    close-up.

    Args:
        width: number of units in each hidden layer, a multiple of 4.
        depth: number of hidden layers.
        seed: seed of the initial weights.
    """

    def __init__(self, width: int, depth: int, seed: int) -> None:
        super().__init__(name="critic")
        self.reader = JawReader(inner=(0.0, 0.5, 1.0), outer=(0.5, 1.0), across=(-1.0, 0.0, 1.0))
        self.profile = PadProfile(lines=_FINE_LINES)
        self.closeup = CloseUp(_CLOSEUP_INWARD, _CLOSEUP_ALONG)
        coarse = _joined_mirrors(self.reader, self.profile)
        fine = _joined_mirrors(self.reader, self.profile, self.closeup)
        self.guiding = SymmetricMLP(coarse, _LOGIT_PARITY, width, depth, seed)
        self.judging = SymmetricMLP(fine, _LOGIT_PARITY, width, depth, seed + 7919)

    def encode(self, observation: Observation) -> PictureFeatures:
        """Image features of B states; see the base class."""
        return picture_features(observation, self.fused)

    def logits(self, features: PictureFeatures, actions: tf.Tensor) -> tf.Tensor:
        """Logits `[B, E]` of actions `[B, E, 3]`, with the close-up; see the base class."""
        return self._fine(features, *self._seen(features, actions))

    def guidance_logits(self, features: PictureFeatures, actions: tf.Tensor) -> tf.Tensor:
        """Logits `[B, E]` of actions `[B, E, 3]` without the close-up; see the base class."""
        pose, _, seen = self._seen(features, actions)
        return _within_reach(self.guiding(seen), pose)

    def all_logits(self, features: PictureFeatures, actions: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """The results of `logits` and of `guidance_logits`; see the base class."""
        pose, touch, seen = self._seen(features, actions)
        return self._fine(features, pose, touch, seen), _within_reach(self.guiding(seen), pose)

    def _seen(self, features: PictureFeatures, actions: tf.Tensor) -> tuple[Pose, Touch, tf.Tensor]:
        """The poses, the contacts of the pads, and all features except the close-up."""
        pose = Pose.of(actions)
        touch = self.profile.touch(features, pose)
        seen = [self.reader(features, pose), self.profile(features, touch)]
        return pose, touch, tf.concat(seen, axis=-1)

    def _fine(
        self, features: PictureFeatures, pose: Pose, touch: Touch, seen: tf.Tensor
    ) -> tf.Tensor:
        closeup = self.closeup(features, pose, touch)
        return _within_reach(self.judging(tf.concat([seen, closeup], axis=-1)), pose)


def _within_reach(logit: tf.Tensor, pose: Pose) -> tf.Tensor:
    """Logits `[B, E]` from `[B, E, 1]`, -20 off the table, where no grasp is feasible."""
    inside = tf.maximum(tf.abs(pose.x), tf.abs(pose.y)) <= TABLE_SIDE / 2
    return tf.where(inside, logit[..., 0], -20.0)


def _joined_mirrors(*readers: JawReader | PadProfile | CloseUp) -> list[Mirror]:
    """The mirrors along u and along v of the concatenated features of several readers."""
    pairs = zip(*(reader.mirrors for reader in readers), strict=True)
    return [joined(*mirrors) for mirrors in pairs]
