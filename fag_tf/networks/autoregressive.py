"""The autoregressive actor: axis by axis, each action has an exact density.

For each axis a network gives the density of this axis for a state and the earlier axes of the
action. It is a mixture of soft intervals, so the actor can jump from one piece of the feasible set
to another. The latent of the axis goes through the inverse of the distribution function. The map
from latents to actions is triangular and invertible: uniform latents are actions of exactly this
density.
"""

import itertools
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from fag_tf.networks.axis_networks import AxisFeatures, AxisNetworks, Earlier
from fag_tf.networks.base import Actor, Drawn, Observation
from fag_tf.networks.observed_parts import PartReader
from fag_tf.networks.soft_intervals import SoftIntervals, intervals_of
from fag_tf.spaces import ActionSpace, ArraySpec

__all__ = ["AutoregressiveActor"]

NUM_INTERVALS = 8


class AutoregressiveActor(Actor):
    """An actor with an exact density for any observations.

    Before training, the actions are spread over the whole action space.

    Args:
        space: the action space.
        observation_spec: specification of the observations; see
            `fag_tf.networks.observed_parts`.
        width: number of units in each hidden layer of an axis' network.
        depth: number of hidden layers of an axis' network.
        seed: seed of the initial weights.
        standardise: whether `adapt` standardises what is observed.

    Attributes:
        latent_dim: A, one latent for each axis.
    """

    exact_density = True
    invertible = True
    default_looks = 8
    uniform_looks = True

    def __init__(
        self,
        space: ActionSpace,
        observation_spec: Mapping[str, ArraySpec],
        width: int,
        depth: int,
        seed: int,
        standardise: bool = False,
    ) -> None:
        super().__init__(name="actor")
        self.space = space
        self.latent_dim = space.dim
        self._bounds = space.float32_bounds()
        # Neighbouring axes that are all bounded or all periodic: the first, their number, the kind.
        begins = [0, *(np.flatnonzero(np.diff(space.periodic)) + 1), space.dim]
        self._runs = [
            (int(first), int(end - first), bool(space.periodic[first]))
            for first, end in itertools.pairwise(begins)
        ]
        self.reader = PartReader(observation_spec, seed + 5, standardise)
        self.axes = AxisNetworks(
            space,
            self.reader.vector_size,
            self.reader.row_sizes,
            self.reader.array_sizes,
            width,
            depth,
            4 * NUM_INTERVALS,
            seed,
        )

    def adapt(self, observation: Observation) -> None:
        """Learn the scale of what is observed; see the base class."""
        self.reader.adapt(observation)

    def encode(self, observation: Observation) -> AxisFeatures:
        """What the networks of the axes need of B states; see the base class."""
        return self.axes.of_state(self.reader(observation))

    def act(self, features: AxisFeatures, latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, A]`; see the base class.

        The same as `draw` without the density. Neighbouring axes of a kind are a loop in the graph,
        so that the graph does not grow with their number, nor the time to compile it.
        """
        share = 0.5 * (latent + 1.0)
        points = tf.zeros_like(share)
        before = self.axes.before_all(features, tf.shape(share)[1])
        for first, count, periodic in self._runs:

            def fill(
                i: tf.Tensor, points: tf.Tensor, before: Earlier, periodic: bool = periodic
            ) -> tuple[tf.Tensor, tf.Tensor, Earlier]:
                raw = self.axes(features, points, only=i, before=before)[0]
                point = intervals_of(raw, periodic).point_at(tf.gather(share, i, axis=-1))
                points += point[..., None] * tf.one_hot(i, self.space.dim)
                return i + 1, points, self.axes.after(before, features, point, i)

            _, points, before = tf.while_loop(
                lambda *_: True,
                fill,
                (tf.constant(first), points, before),
                maximum_iterations=count,
            )
        return tf.clip_by_value(self.space.denormalise(points), *self._bounds)

    def draw(self, features: AxisFeatures, latent: tf.Tensor) -> Drawn:
        """Actions and their log density; see the base class."""
        share = 0.5 * (latent + 1.0)
        points = [tf.zeros_like(share[..., 0])] * self.space.dim
        before = self.axes.before_all(features, tf.shape(share)[1])
        log_density = []
        for i, periodic in enumerate(self.space.periodic):
            raw = self.axes(features, tf.stack(points, axis=-1), only=i, before=before)[0]
            intervals = intervals_of(raw, bool(periodic))
            points[i] = intervals.point_at(share[..., i])
            log_density.append(intervals.log_density(points[i]))
            if i + 1 < self.space.dim:
                before = self.axes.after(before, features, points[i], i)
        actions = self.space.denormalise(tf.stack(points, axis=-1))
        return Drawn(tf.clip_by_value(actions, *self._bounds), self._per_unit(log_density))

    def log_density(self, features: AxisFeatures, actions: tf.Tensor) -> tf.Tensor:
        """Log density `[B, E]`; see the base class."""
        points = self._points(actions)
        each = self._on_all_axes(features, points, SoftIntervals.log_density)
        inside = (actions >= self.space.low) & (actions <= self.space.high) | self.space.periodic
        return tf.where(tf.reduce_all(inside, axis=-1), self._per_unit(each), -np.inf)

    def latent_of(self, features: AxisFeatures, actions: tf.Tensor) -> tf.Tensor:
        """The latents `[B, E, A]` for which `act` gives the actions `[B, E, A]`."""
        points = self._points(actions)
        shares = self._on_all_axes(features, points, SoftIntervals.share_below)
        return 2.0 * tf.stack(shares, axis=-1) - 1.0

    def _per_unit(self, each: list[tf.Tensor]) -> tf.Tensor:
        """Log density per product of the units, from that of each axis per half-range."""
        return tf.add_n(each) - float(np.sum(np.log(self.space.half_range)))

    def _points(self, actions: tf.Tensor) -> list[tf.Tensor]:
        """The axes of actions `[B, E, A]` in half-ranges, each `[B, E]` within [-1, 1]."""
        x = self.space.normalise(actions)
        turned = tf.math.floormod(x + 1.0, 2.0) - 1.0
        return tf.unstack(
            tf.where(self.space.periodic, turned, tf.clip_by_value(x, -1.0, 1.0)), axis=-1
        )

    def _on_all_axes(
        self,
        features: AxisFeatures,
        points: list[tf.Tensor],
        ask: Callable[[SoftIntervals, tf.Tensor], tf.Tensor],
    ) -> list[tf.Tensor]:
        """What the mixture on each axis says of the points `[B, N]` there, by `ask`, `[B, N]`.

        Bounded axes go through one operation together, and so do periodic ones. Axis by axis a
        graph would grow with the number of axes, and so would the time to compile it.
        """
        raw = self.axes(features, tf.stack(points, axis=-1))
        said: list[tf.Tensor] = [None] * self.space.dim
        for periodic in (False, True):
            axes = np.flatnonzero(self.space.periodic == periodic)
            if len(axes) == 0:
                continue
            numbers = raw if len(axes) == self.space.dim else tf.gather(raw, axes)
            there = tf.stack([points[i] for i in axes])
            answers = tf.unstack(ask(intervals_of(numbers, periodic), there), num=len(axes))
            for i, answer in zip(axes, answers, strict=True):
                said[i] = answer
        return said
