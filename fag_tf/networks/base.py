"""Base classes of actor and critic."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from fag_tf.spaces import ActionSpace, ArraySpec

__all__ = [
    "Actor",
    "Critic",
    "Drawn",
    "as_tensors",
    "flatten",
    "for_each",
    "weights_of",
]

Observation = Mapping[str, tf.Tensor]


class Drawn(NamedTuple):
    """Actions of an actor with an exact density.

    Attributes:
        actions: actions `[B, N, A]`, in the units of the action space.
        log_density: log density of each action, `[B, N]`, per product of the units of the axes.
        known: results of the actor about these actions that a critic of the same kind can reuse;
            None for nothing.
    """

    actions: tf.Tensor
    log_density: tf.Tensor
    known: Any = None


class Actor(keras.layers.Layer):
    """The actor pi(s, z). A subclass implements `encode` and `act`.

    `encode` is called once for B states and may return any structure of tensors. `act` maps these
    features and latents `[B, N, Z]`, uniform on [-1, 1], to actions `[B, N, A]` in the units of
    the action space. Sample n of a state must depend only on the state and on latent n. Before
    training, the samples should be spread over the whole action space.

    An actor whose actions have a density that it can compute sets `exact_density` to True and
    implements `log_density`. The objective then uses this density in place of a kernel estimate.
    Such an actor does not refine its actions and has no noise beyond its latents.

    An actor that refines evenly spread initial actions step by step sets `refines` to True. It also
    implements `initial_actions`, `trajectory`, `stop_logits` and `log_density_ratio`. It may
    implement `initial_distribution`.

    Attributes:
        latent_dim: Z.
        jitter_dim: number of additional latent columns during training, for noise inside the
            actor. Without these columns `act` is deterministic.
        refines: whether the actor refines its actions in steps.
        exact_density: whether the actor implements `log_density`.
        invertible: whether the actor implements `latent_of`.
        space: the action space, for an actor with an exact density.
        default_looks: number of candidates for each sample, if the configuration leaves it open.
        uniform_looks: whether a share of the candidates is drawn uniformly over the action space.
            Such an actor's samples are chosen with `policy.look_sharpness`.
        any_size: whether the actor accepts observations of other sizes along the `free_axes` of
            their specification.
        compilable: whether XLA can compile the actor, so that all its tensors have fixed sizes.
        fused: whether a compiler fuses small operations. `Policy` sets it to False when it traces
            a graph for export. Such a graph runs operation by operation, so a few large
            operations are faster.
    """

    latent_dim: int
    jitter_dim: int = 0
    refines: bool = False
    exact_density: bool = False
    invertible: bool = False
    space: ActionSpace
    default_looks: int = 1
    uniform_looks: bool = False
    any_size: bool = False
    compilable: bool = True
    fused: bool = True

    def build(self, *_: Any) -> None:
        """Do nothing: the layers make their weights at the first call of the network."""
        self.built = True

    def adapt(self, observation: Observation) -> None:
        """Learn the scale of what is observed from the states of the first experience.

        It is called once, before the first learning step. By default it does nothing.

        Args:
            observation: named tensors `[B, ...]` of many states.
        """
        del observation

    def encode(self, observation: Observation) -> Any:
        """Compute the features of B states from named tensors `[B, ...]`."""
        raise NotImplementedError

    def act(self, features: Any, latent: tf.Tensor) -> tf.Tensor:
        """Compute actions `[B, N, A]` from the features of B states and latents `[B, N, Z]`."""
        raise NotImplementedError

    def log_density(self, features: Any, actions: tf.Tensor) -> tf.Tensor:
        """Log density of the actions of `act` for uniform latents, at given actions.

        Its gradient with respect to the actor's weights must be finite for every action of the
        action space. No gradient with respect to the actions is needed.

        Args:
            features: the actor's features of B states.
            actions: actions `[B, E, A]`, in the units of the action space.

        Returns:
            Log density `[B, E]`, per product of the units of the axes; -inf outside the space.
        """
        raise NotImplementedError

    def draw(self, features: Any, latent: tf.Tensor) -> Drawn:
        """The actions of `act` with their log density, for an actor with an exact density."""
        actions = self.act(features, latent)
        return Drawn(actions, self.log_density(features, actions))

    def latent_of(self, features: Any, actions: tf.Tensor) -> tf.Tensor:
        """The latents `[B, E, Z]` for which `act` gives the actions `[B, E, A]`; Z is A."""
        raise NotImplementedError

    def imitation_loss(
        self, features: Any, actions: tf.Tensor, probability: tf.Tensor
    ) -> tf.Tensor:
        """Loss by which an actor's own probabilities imitate those of the critic, a scalar.

        An actor without probabilities of its own has none: 0.

        Args:
            features: the actor's features of B states.
            actions: actions `[B, E, A]`.
            probability: the critic's probability that each action is feasible, `[B, E]`.
        """
        del features, actions, probability
        return tf.zeros([])

    def initial_distribution(self, features: Any) -> tfp.distributions.Distribution | None:
        """The initial distribution: uniform over a region that holds all feasible actions.

        Its batch shape is `[B]`, its event shape `[A]`. The uniform component of the proposal is
        drawn from it. None stands for the uniform distribution over the action space.
        """
        del features
        return None

    def initial_actions(self, features: Any, latent: tf.Tensor) -> tf.Tensor:
        """The initial actions `[B, N, A]` for latents `[B, N, Z]`: the first of `trajectory`."""
        raise NotImplementedError

    def trajectory(self, features: Any, latent: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The trajectory of each sample and its stop logits.

        A trajectory has S actions, from the initial action to the action of `act`. A sample stops
        at the first action whose probability, the sigmoid of its stop logit, reaches
        `policy.stop_probability`.

        Returns:
            Actions `[B, N, S, A]`, and the stop logits of all actions except the last,
            `[B, N, S - 1]`.
        """
        actions = self.act(features, latent)[:, :, None]
        return actions, tf.zeros_like(actions[:, :, 1:, 0])

    def stop_logits(self, features: Any, path: tf.Tensor) -> tf.Tensor:
        """The stop logits `[B, N, S - 1]` of given trajectories `[B, N, S, A]`, for training."""
        del features
        return tf.zeros_like(path[:, :, 1:, 0])

    def log_density_ratio(self, features: Any, actions: tf.Tensor) -> tf.Tensor:
        """The log density ratio `[B, E]` at actions `[B, E, A]`.

        It is log(density of the final samples / density of the initial actions). The actor learns
        it. An actor without an estimate returns 0: both densities then count as equal.
        """
        del features
        return tf.zeros_like(actions[..., 0])

    def call(self, observation: Observation, latent: tf.Tensor) -> tf.Tensor:
        """Compute actions `[B, N, A]` from named tensors and latents `[B, N, Z]`."""
        return self.act(self.encode(observation), latent)


class Critic(keras.layers.Layer):
    """The critic C(s, a). A subclass implements `encode` and `logits`.

    Attributes:
        fused: whether a compiler fuses small operations; see `Actor`.
    """

    fused: bool = True

    def build(self, *_: Any) -> None:
        """Do nothing: the layers make their weights at the first call of the network."""
        self.built = True

    def adapt(self, observation: Observation) -> None:
        """Learn the scale of what is observed from the states of the first experience.

        It is called once, before the first learning step. By default it does nothing.

        Args:
            observation: named tensors `[B, ...]` of many states.
        """
        del observation

    def encode(self, observation: Observation) -> Any:
        """Compute the features of B states from named tensors `[B, ...]`."""
        raise NotImplementedError

    def logits(self, features: Any, actions: tf.Tensor) -> tf.Tensor:
        """Log odds of "feasible", `[B, E]`, for actions `[B, E, A]`."""
        raise NotImplementedError

    def guidance_logits(self, features: Any, actions: tf.Tensor) -> tf.Tensor:
        """The guidance logits `[B, E]` for actions `[B, E, A]`, from which the actor learns.

        By default they are `logits`. A critic may leave out details here that are too fine for an
        actor to follow, because they make the training of the actor unstable.
        """
        return self.logits(features, actions)

    def all_logits(self, features: Any, actions: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """All logits, each `[B, E]`, that are trained on experience. The first are `logits`."""
        return (self.logits(features, actions),)

    def logits_of(self, observation: Observation, drawn: Drawn) -> tf.Tensor:
        """Compute `logits` `[B, N]` of actions that an actor has drawn."""
        return self(observation, drawn.actions)

    def call(self, observation: Observation, actions: tf.Tensor) -> tf.Tensor:
        """Compute `logits` `[B, E]` from named tensors and actions `[B, E, A]`."""
        return self.logits(self.encode(observation), actions)


def as_tensors(observation: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    """Convert observations from arrays `[B, ...]` to tensors."""
    return {name: tf.constant(np.asarray(array)) for name, array in observation.items()}


def flatten(observation: Observation, spec: Mapping[str, ArraySpec]) -> tf.Tensor:
    """Join all observations to one row of numbers per state, `[B, F]`, in the order of names."""
    parts = []
    for name in sorted(spec):
        tensor = tf.cast(observation[name], tf.float32)
        parts.append(tf.reshape(tensor, [tf.shape(tensor)[0], -1]))
        parts[-1].set_shape([None, max(1, _size(spec[name].shape))])
    return tf.concat(parts, axis=-1)


def _size(shape: Sequence[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def for_each(features: tf.Tensor, count: Any) -> tf.Tensor:
    """Repeat state features `[B, F]` for each of N = `count` actions: `[B, N, F]`."""
    shape = [tf.shape(features)[0], count, features.shape[-1]]
    return tf.broadcast_to(features[:, None, :], shape)


def weights_of(network: Actor | Critic) -> list[tf.Variable]:
    """The weights of a network in order. They exist after its first call.

    First those that are trained, then those that are only learnt from the first experience.
    """
    variables = (*network.trainable_variables, *network.non_trainable_variables)
    return [variable.value for variable in variables]
