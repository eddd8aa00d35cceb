"""The scanning actor: it scans the object for all holds and draws grasps from an exact density."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.cell_density import CellDensity, cell_density
from fag_tf.environments.planar_grasp.networks.contact_network import Belief, ContactNetwork
from fag_tf.environments.planar_grasp.networks.hold_frame import Place
from fag_tf.environments.planar_grasp.networks.holds import Holds, find_holds
from fag_tf.environments.planar_grasp.networks.look_critic import Look, OwnGrasps
from fag_tf.environments.planar_grasp.networks.object_view import ObjectView, object_view
from fag_tf.environments.planar_grasp.networks.strip_frame import in_strip
from fag_tf.environments.planar_grasp.networks.strips import (
    NUM_DIRECTIONS,
    StripGrid,
    scan,
    strip_grid,
)
from fag_tf.environments.planar_grasp.workspace import ACTION_SPACE, TABLE_SIDE
from fag_tf.networks.base import Actor, Drawn

__all__ = ["Scan", "ScanningActor"]

_LEAST_LOG_PROBABILITY, _GREATEST_LOG_PROBABILITY = -20.0, -1e-5
_LOG_UNIFORM = -math.log(TABLE_SIDE * TABLE_SIDE * math.pi)


class Scan(NamedTuple):
    """What the actor knows of B states: their views, strips, holds and the density over them."""

    view: ObjectView
    grid: StripGrid
    holds: Holds
    density: CellDensity


class ScanningActor(Actor):
    """Draws grasps from an exact density over the holds of the object.

    The picture is scanned along strips of all directions; see `strips`. A small network judges
    each hold, from the profiles of its two contacts. The density of a grasp is proportional to
    this probability to the power `sharpness`, so sampling needs no search. Where the scan finds
    no hold at all, grasps are uniform over the table.

    Args:
        width: width of the network; see `ContactNetwork`.
        sharpness: gamma of the density.
        seed: seed of the initial weights.
    """

    exact_density = True
    default_looks = 3
    any_size = True
    compilable = False

    def __init__(self, width: int, sharpness: float, seed: int) -> None:
        super().__init__(name="actor")
        self.latent_dim = 3
        self.sharpness = sharpness
        self.network = ContactNetwork(width, seed)

    def encode(self, observation: Mapping[str, tf.Tensor]) -> Scan:
        """Scan B objects; see the base class."""
        view = object_view(observation)
        grid = strip_grid(view)
        holds = find_holds(view, grid, scan(view, grid), self.network)
        return Scan(view, grid, holds, cell_density(view, holds, self.sharpness))

    def act(self, features: Scan, latent: tf.Tensor) -> tf.Tensor:
        """Actions `[B, N, 3]` for latents `[B, N, 3]`; see the base class."""
        return self.draw(features, latent).actions

    def draw(self, features: Scan, latent: tf.Tensor) -> Drawn:
        """Grasps for latents `[B, N, 3]`, with what is known of their contacts; see the base."""
        view, density = features.view, features.density
        place, frame, log_density = density.draw(latent)
        theta, cos, sin = frame.closing(place.turn)
        v = frame.v + place.shift
        x, y = frame.x + cos * place.u - sin * v, frame.y + sin * place.u + cos * v
        edge = 0.5 * TABLE_SIDE
        x, y = tf.clip_by_value(x, -edge, edge), tf.clip_by_value(y, -edge, edge)
        some = (density.total > 0.0)[:, None]
        anywhere = ACTION_SPACE.denormalise(latent)
        actions = tf.where(some[..., None], tf.stack([x, y, theta], axis=-1), anywhere)
        # Where there is no hold, no place is between the ends of the interval: the critic says no.
        least = tf.where(some, frame.belief.least, 1.0)
        greatest = tf.where(some, frame.belief.greatest, -1.0)
        contacts = (frame.left, frame.right, least, greatest)
        look = Look(theta, place.turn, frame.v, place.shift, place.u, *contacts)
        own = frame.belief.log_probability(place.turn, place.shift, place.u)
        known = OwnGrasps(view, look, tf.where(some, own, _LEAST_LOG_PROBABILITY))
        return Drawn(actions, tf.where(some, log_density, _LOG_UNIFORM), known)

    def log_density(self, features: Scan, actions: tf.Tensor) -> tf.Tensor:
        """Log density `[B, E]` at actions `[B, E, 3]`; see the base class."""
        place, covered = self._find(features, actions)
        found = features.density.log_density(place, covered)
        some = (features.density.total > 0.0)[:, None]
        return tf.where(some, found, _LOG_UNIFORM)

    def imitation_loss(
        self, features: Scan, actions: tf.Tensor, probability: tf.Tensor
    ) -> tf.Tensor:
        """Cross-entropy of the network's probabilities with the critic's; see the base class.

        Only grasps that belong to a hold count. No other grasp can be drawn.
        """
        place, covered = self._find(features, actions)
        belief = Belief(tf.gather(features.holds.beliefs, place.hold))
        own = belief.log_probability(place.turn, place.shift, place.u)
        own = tf.minimum(own, _GREATEST_LOG_PROBABILITY)
        not_own = tf.math.log(-tf.math.expm1(own))
        error = -(probability * own + (1.0 - probability) * not_own)
        counted = tf.cast(covered, tf.float32)
        return tf.math.divide_no_nan(tf.reduce_sum(counted * error), tf.reduce_sum(counted))

    def _find(self, features: Scan, actions: tf.Tensor) -> tuple[Place, tf.Tensor]:
        """The hold nearest to each grasp in its strip, and whether there is one."""
        view, grid, holds, _ = features
        place = in_strip(view, grid, actions)
        strips = tf.cast(tf.reduce_max(grid.number), tf.int32)
        state = tf.range(tf.shape(place.u)[0])[:, None]
        strip = (state * NUM_DIRECTIONS + place.direction) * strips + place.step
        flat = tf.reshape(strip, [-1])
        begin = tf.searchsorted(holds.strip, flat)
        most = tf.reduce_max(tf.searchsorted(holds.strip, flat, side="right") - begin)
        last = tf.shape(holds.strip)[0] - 1
        offered = tf.reshape(begin, tf.shape(strip))[..., None] + tf.range(tf.maximum(most, 1))
        offered = tf.minimum(offered, last)
        there = tf.gather(holds.strip, offered) == strip[..., None]
        belief = Belief(tf.gather(holds.beliefs, offered))
        least, greatest, _ = belief.interval(place.turn[..., None], place.shift[..., None])
        inside = tf.minimum(place.u[..., None] - least, greatest - place.u[..., None])
        nearest = tf.argmax(tf.where(there, inside, -np.inf), axis=-1, output_type=tf.int32)
        hold = tf.gather(offered, nearest, batch_dims=2)
        covered = place.covered & tf.reduce_any(there, axis=-1)
        return Place(hold, place.turn, place.shift, place.u), covered
