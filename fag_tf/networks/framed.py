"""Networks that look at a state in a frame of its own, in which observations and actions change.

Turned so that a vehicle always faces along x, or a robot's base always to the front, states that
differ only by a turn are one state to the networks. They then learn from fewer interactions.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from fag_tf.networks.base import Actor, Critic, Drawn, Observation
from fag_tf.networks.general_critic import GeneralCritic
from fag_tf.spaces import ActionSpace, ArraySpec

__all__ = ["Frame", "Framed", "FramedActor", "FramedCritic"]


class Frame(ABC):
    """How states and actions are rewritten.

    The map between actions and actions in the frame preserves volume, such as a turn does, so that
    densities are the same in both.

    Attributes:
        space: actions in the frame. It holds every feasible action of every state.
        observation_spec: specification of what is observed in the frame.
    """

    space: ActionSpace
    observation_spec: Mapping[str, ArraySpec]

    def consequences(self, observation: Observation, actions: tf.Tensor) -> tf.Tensor | None:
        """What is known to follow from actions `[B, E, A]` in the frame, `[B, E, C]`.

        The critic sees it beside the actions: where a robot will be after a motion, say. None for
        nothing.
        """
        del observation, actions
        return None

    @abstractmethod
    def observe(self, observation: Observation) -> dict[str, tf.Tensor]:
        """What is observed in the frame, `[B, ...]` by name."""

    def to_frame(self, observation: Observation, actions: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]` as they are in the frame; by default the same."""
        del observation
        return actions

    def from_frame(self, observation: Observation, actions: tf.Tensor) -> tf.Tensor:
        """Inverse of `to_frame`."""
        del observation
        return actions


class Framed(NamedTuple):
    """Features of B states.

    Attributes:
        observation: as it is observed without a frame.
        inner: features of the network inside.
    """

    observation: dict[str, tf.Tensor]
    inner: Any


class FramedActor(Actor):
    """An actor of an action space that works with another actor inside a frame.

    Part of the frame's space may lie beyond the action space. While an actor with an exact density
    learns, its actions there count as infeasible, and its density there as any other: if they were
    clipped, nothing would keep the actor from them. `draw` clips them, for use.

    Args:
        inner: actor of `frame.space` and `frame.observation_spec`, which does not refine.
        frame: the frame.
        space: the action space.
    """

    def __init__(self, inner: Actor, frame: Frame, space: ActionSpace) -> None:
        super().__init__(name="framed_actor")
        self.inner, self.frame, self.space = inner, frame, space
        self.latent_dim, self.jitter_dim = inner.latent_dim, inner.jitter_dim
        self.exact_density, self.invertible = inner.exact_density, inner.invertible
        self.default_looks, self.uniform_looks = inner.default_looks, inner.uniform_looks
        self.compilable = inner.compilable
        self._bounds = space.float32_bounds()

    def encode(self, observation: Observation) -> Framed:
        """Features of B states; see the base class."""
        return Framed(dict(observation), self.inner.encode(self.frame.observe(observation)))

    def act(self, features: Framed, latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`; see the base class and above."""
        actions = self.inner.act(features.inner, latent)
        actions = self.frame.from_frame(features.observation, actions)
        return actions if self.exact_density else tf.clip_by_value(actions, *self._bounds)

    def draw(self, features: Framed, latent: tf.Tensor) -> Drawn:
        """Actions and their log density; see the base class."""
        actions, log_density, known = self.inner.draw(features.inner, latent)
        actions = self.frame.from_frame(features.observation, actions)
        return Drawn(tf.clip_by_value(actions, *self._bounds), log_density, known)

    def log_density(self, features: Framed, actions: tf.Tensor) -> tf.Tensor:
        """Log density `[B, E]`; see the base class."""
        within = self.frame.to_frame(features.observation, actions)
        return self.inner.log_density(features.inner, within)

    def latent_of(self, features: Framed, actions: tf.Tensor) -> tf.Tensor:
        """The latents `[B, E, Z]` for which `act` gives the actions `[B, E, A]`."""
        within = self.frame.to_frame(features.observation, actions)
        return self.inner.latent_of(features.inner, within)


class FramedCritic(Critic):
    """A critic of an action space that works with another critic inside a frame.

    Args:
        inner: critic of `frame.space` and `frame.observation_spec`.
        frame: the frame.
    """

    def __init__(self, inner: GeneralCritic, frame: Frame) -> None:
        super().__init__(name="framed_critic")
        self.inner, self.frame = inner, frame

    def encode(self, observation: Observation) -> Framed:
        """Features of B states; see the base class."""
        return Framed(dict(observation), self.inner.encode(self.frame.observe(observation)))

    def logits(self, features: Framed, actions: tf.Tensor) -> tf.Tensor:
        """Logits `[B, E]`; see the base class."""
        within = self.frame.to_frame(features.observation, actions)
        known = self.frame.consequences(features.observation, within)
        return self.inner.logits(features.inner, within, known)
