"""Actor and critic that look at the picture from the gripper.

What they see of a grasp does not depend on where the object lies or how it is turned.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from fag_tf.config.schema import Config
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
from fag_tf.errors import InputError
from fag_tf.networks.base import Actor, Critic
from fag_tf.networks.symmetric import Mirror, SymmetricMLP, joined

__all__ = ["GraspActor", "GraspCritic", "build_actor", "build_critic"]

Observation = Mapping[str, tf.Tensor]

# Of one sample's place (in table sides) and direction, times the number of samples in the batch.
_GREATEST_GRADIENT = 40.0

# Which outputs change their sign when the scene is mirrored along u, and along v: a move along u,
# a move along v, a turn, and a logit.
_LOGIT_PARITY = ((1, 1),)
_STEP_PARITIES = ((-1, 1), (1, -1), (-1, -1), *_LOGIT_PARITY)

# Of each pad, from the critic's view; every second one is the actor's.
_FINE_LINES = 9

# The critic's close-up of each contact, m from the first touch. Pixels are 2.3 mm.
_CLOSEUP_INWARD = (-0.002, 0.0, 0.002, 0.004)
_CLOSEUP_ALONG = (-0.004, -0.002, 0.0, 0.002, 0.004)

# Half-widths of the noise between steps while the actor learns, m and rad.
_JITTER = 0.003
_JITTER_TURN = 0.06


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

    The first two latents place the jaw near the object, the third turns it; each step then moves
    it in its own frame by what a network of its own reads there, or says that it is good where it
    is. At the start of training the steps do next to nothing, so no region of grasps is missed
    from the outset.

    Args:
        width: of the hidden layers.
        depth: number of hidden layers a step.
        steps: number of refinement steps.
        seed: of the initial weights.
    """

    refines = True

    def __init__(self, width: int, depth: int, steps: int, seed: int) -> None:
        super().__init__(name="actor")
        self.latent_dim = 3
        self.jitter_dim = 3 * (steps - 1)
        self.reader = JawReader(inner=(0.0, 0.5, 1.0), outer=(0.5, 1.0), across=(-1.0, 0.0, 1.0))
        self.profile = PadProfile(lines=5)
        # The critic's: what both read of a grasp is then computed once.
        self.fine_profile = PadProfile(lines=_FINE_LINES)
        mirrors = _joined_mirrors(self.reader, self.profile)
        self.bodies = [
            SymmetricMLP(mirrors, _STEP_PARITIES, width, depth, seed + 7919 * step, 0.05)
            for step in range(steps)
        ]
        self.crowds = SymmetricMLP(mirrors, _LOGIT_PARITY, width, depth, seed + 7919 * steps, 0.05)

    def encode(self, observation: Observation) -> PictureFeatures:
        """State features; see the base class."""
        return picture_features(observation, self.fused)

    def initial_distribution(self, features: PictureFeatures) -> Surroundings:
        """Where the refinement begins; see the base class."""
        return Surroundings(features)

    def initial_actions(self, features: PictureFeatures, latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`; see the base class."""
        return self.initial_distribution(features).place(latent).action()

    def act(self, features: PictureFeatures, latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`; see the base class."""
        return self.trajectory(features, latent)[0][:, :, -1]

    def trajectory(
        self, features: PictureFeatures, latent: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Where each sample begins and every refinement of it; see the base class.

        Returns:
            Actions `[B, N, steps + 1, 3]` and logits `[B, N, steps]`.
        """
        pose = self.initial_distribution(features).place(latent[..., : self.latent_dim])
        actions, logits = [], []
        jitter = latent[..., self.latent_dim :]
        for step, body in enumerate(self.bodies):
            if step and latent.shape[-1] > self.latent_dim:
                # Steps that must put up with a little noise do not come to multiply rounding.
                shift_u, shift_v, shift = tf.unstack(jitter[..., 3 * step - 3 : 3 * step], axis=-1)
                pose = pose.moved(_JITTER * shift_u, _JITTER * shift_v, _JITTER_TURN * shift)
            actions.append(pose.action())
            du, dv, turn, logit = self._step(body, features, pose)
            logits.append(logit)
            pose = _steadied(pose.moved(LENGTH_UNIT * du, LENGTH_UNIT * dv, turn))
        actions.append(pose.action())
        return tf.stack(actions, axis=2), tf.stack(logits, axis=2)

    def stop_logits(self, features: PictureFeatures, path: tf.Tensor) -> tf.Tensor:
        """Logits `[B, N, steps]` of where each step begins; see the base class."""
        begins = tf.unstack(path[:, :, :-1], axis=2)
        return tf.stack(
            [
                self._step(body, features, Pose.of(actions))[3]
                for body, actions in zip(self.bodies, begins, strict=True)
            ],
            axis=2,
        )

    def log_density_ratio(self, features: PictureFeatures, actions: tf.Tensor) -> tf.Tensor:
        """Log ratio of densities `[B, E]`; see the base class."""
        pose = Pose.of(actions)
        finer = self.fine_profile.touch(features, pose)
        touch = self.profile.thinned(features, finer)
        return self.crowds(self._seen(features, pose, touch))[..., 0]

    def _step(self, body: SymmetricMLP, features: PictureFeatures, pose: Pose) -> list[tf.Tensor]:
        """Moves along u and v in units of `LENGTH_UNIT`, turn, and logit, each `[B, N]`."""
        touch = self.profile.touch(features, pose)
        return tf.unstack(body(self._seen(features, pose, touch)), axis=-1)

    def _seen(self, features: PictureFeatures, pose: Pose, touch: Touch) -> tf.Tensor:
        profile = self.profile(features, touch)
        # What a pad would touch changes too steeply for gradients through several steps.
        return tf.concat([self.reader(features, pose), tf.stop_gradient(profile)], axis=-1)


class GraspCritic(Critic):
    """Probability that a grasp holds, from what the jaw sees.

    The verdict often turns on the corner that a pad touches first, so `logits` looks at it closely.
    That is finer than an actor can follow. An actor learns on `guidance_logits`, the same without
    the close-up.

    Args: as for `GraspActor`.
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
        """State features; see the base class."""
        return picture_features(observation, self.fused)

    def logits(self, features: PictureFeatures, actions: tf.Tensor) -> tf.Tensor:
        """Logits `[B, E]`; see the base class."""
        return self._fine(features, *self._seen(features, actions))

    def guidance_logits(self, features: PictureFeatures, actions: tf.Tensor) -> tf.Tensor:
        """Logits `[B, E]`; see the base class."""
        pose, _, seen = self._seen(features, actions)
        return _within_reach(self.guiding(seen), pose)

    def all_logits(self, features: PictureFeatures, actions: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Logits of `logits` and of `guidance_logits`; see the base class."""
        pose, touch, seen = self._seen(features, actions)
        return self._fine(features, pose, touch, seen), _within_reach(self.guiding(seen), pose)

    def _seen(self, features: PictureFeatures, actions: tf.Tensor) -> tuple[Pose, Touch, tf.Tensor]:
        """The poses, what the pads touch there, and all that is seen without the close-up."""
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
    """Logits `[B, E]` from `[B, E, 1]`; off the table nothing is feasible."""
    inside = tf.maximum(tf.abs(pose.x), tf.abs(pose.y)) <= TABLE_SIDE / 2
    return tf.where(inside, logit[..., 0], -20.0)


def _joined_mirrors(*readers: JawReader | PadProfile | CloseUp) -> list[Mirror]:
    """The mirrors along u and along v of all that these read, one after the other."""
    pairs = zip(*(reader.mirrors for reader in readers), strict=True)
    return [joined(*mirrors) for mirrors in pairs]


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
