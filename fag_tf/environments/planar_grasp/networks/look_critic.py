"""The critic of the scanning actor: one look at the two contacts of a grasp, at its exact pose."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.contact_network import Belief, ContactNetwork
from fag_tf.environments.planar_grasp.networks.contact_profiles import (
    Profile,
    contact_profiles,
    touch_places,
)
from fag_tf.environments.planar_grasp.networks.holds import FAR, interval_of_hold
from fag_tf.environments.planar_grasp.networks.long_rows import columns_first, stacked
from fag_tf.environments.planar_grasp.networks.object_view import (
    ObjectView,
    object_view,
    read_view,
)
from fag_tf.environments.planar_grasp.networks.strip_frame import InStrip, in_strip
from fag_tf.environments.planar_grasp.networks.strips import (
    MATERIAL,
    StripGrid,
    column_places,
    direction_angles,
    edge_places,
    strip_grid,
    strip_rows,
    union_of_rows,
)
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE
from fag_tf.networks.base import Critic, Drawn

__all__ = ["Look", "LookCritic", "OwnGrasps"]

# Finer than the scanning actor's, since it is read at the exact pose.
_PROFILE = Profile((-0.002, -0.001, 0.0, 0.001, 0.002, 0.003, 0.004), touch=2, rows_beyond=1)

_TOLERANCE = 0.002  # m, by which a pad may seem to start inside the material
_IMPOSSIBLE = -20.0  # logit
_SURE = 0.98  # probability from which the actor's own one stands
# expm1 has no ONNX form, so the difference from 1 must not be tiny.
_GREATEST_LOG_PROBABILITY = -1e-5


class Look(NamedTuple):
    """Grasps with what is known of their contacts, each attribute `[B, E]` or `[K]`.

    Attributes:
        theta: closing direction of the grasp, rad.
        turn: turn of the grasp from the strip that it lies in, rad.
        v: coordinate of the strip's middle along the pads, m.
        shift: shift of the grasp along v from the strip's middle, m.
        u: place of the jaw's middle along its closing direction, m.
        left: place u where the left pad touches in the strip, m.
        right: place u where the right pad touches in the strip, m.
        least: least place u in the strip with the fingers in the same gaps, m.
        greatest: greatest place u in the strip, m.
    """

    theta: tf.Tensor
    turn: tf.Tensor
    v: tf.Tensor
    shift: tf.Tensor
    u: tf.Tensor
    left: tf.Tensor
    right: tf.Tensor
    least: tf.Tensor
    greatest: tf.Tensor


class OwnGrasps(NamedTuple):
    """What the scanning actor knows of the grasps that it has drawn.

    Attributes:
        view: views of B objects.
        look: the grasps with their contacts, `[B, N]`.
        log_probability: the actor's own log probability that each grasp holds, `[B, N]`.
    """

    view: ObjectView
    look: Look
    log_probability: tf.Tensor


class LookCritic(Critic):
    """Gives the logit that a grasp holds, from the profiles of its contacts at its exact pose.

    The contacts themselves come from the strip that the grasp lies in, as the scan sees it. The
    scanning actor knows them for its own grasps already; see `logits_of`.

    Args:
        width: width of the network; see `ContactNetwork`.
        seed: seed of the initial weights.
    """

    def __init__(self, width: int, seed: int) -> None:
        super().__init__(name="critic")
        self.network = ContactNetwork(width, seed)

    def encode(self, observation: Mapping[str, tf.Tensor]) -> ObjectView:
        """Views of B objects; see the base class."""
        return object_view(observation)

    def logits(self, features: ObjectView, actions: tf.Tensor) -> tf.Tensor:
        """Logits `[B, E]` of actions `[B, E, 3]`; see the base class."""
        grid = strip_grid(features)
        place = in_strip(features, grid, actions)
        look, possible = _look(features, grid, place)
        shape = tf.shape(look.u)
        state = tf.reshape(tf.broadcast_to(tf.range(shape[0])[:, None], shape), [-1])
        flat = Look(*(tf.reshape(values, [-1]) for values in look))
        logit = tf.reshape(self._judge(features, state, flat), shape)
        return tf.where(possible & _on_table(actions), logit, _IMPOSSIBLE)

    def logits_of(self, observation: Mapping[str, tf.Tensor], drawn: Drawn) -> tf.Tensor:
        """Logits `[B, N]` of grasps of the scanning actor, which knows their contacts.

        Where the actor is sure of a grasp, its own probability stands.
        """
        if not isinstance(drawn.known, OwnGrasps):
            return self(observation, drawn.actions)
        view, look, own = drawn.known
        shape = tf.shape(own)
        own = tf.reshape(own, [-1])
        # One entry more, so that there is always one to look at.
        looked_at = tf.cast(tf.where(own < math.log(_SURE)), tf.int32)
        entry = tf.concat([looked_at[:, 0], [0]], axis=0)
        # In one row for each grasp, a look-up takes all numbers at once.
        rows = tf.transpose(stacked(look))
        few = Look(*tf.unstack(columns_first(tf.gather(rows, entry)), num=len(look)))
        logits = self._judge(view, tf.truncatediv(entry, shape[1]), few)
        place = tf.concat([looked_at, [[tf.size(own)]]], axis=0)
        everything = tf.concat([_logit(own), [0.0]], axis=0)
        everything = tf.tensor_scatter_nd_update(everything, place, logits)
        return tf.reshape(everything[:-1], shape)

    def _judge(self, view: ObjectView, state: tf.Tensor, look: Look) -> tf.Tensor:
        """Logits `[K]` of grasps `[K]` of given states, whose contacts are known."""
        cos, sin = tf.cos(look.theta), tf.sin(look.theta)
        moved = look.v * look.turn
        v = look.v + look.shift
        touches = stacked([look.left, look.right]) + moved
        readings = contact_profiles(view, state, cos, sin, v, touches, _PROFILE)
        codes = self.network.encode(view, state, readings, v)
        belief = Belief(
            self.network.judged(
                view,
                state,
                tf.concat(tf.split(codes, 2), axis=1),
                touch_places(view, state, readings, _PROFILE),
                v,
                look.right - look.left,
                (look.least + moved, look.greatest + moved),
                tf.ones_like(v),
            )
        )
        return _logit(belief.log_probability_here(look.u))


def _logit(log_probability: tf.Tensor) -> tf.Tensor:
    log_probability = tf.minimum(log_probability, _GREATEST_LOG_PROBABILITY)
    return log_probability - tf.math.log(1.0 - tf.exp(log_probability))


def _on_table(actions: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all(tf.abs(actions[..., :2]) <= 0.5 * TABLE_SIDE, axis=-1)


def _look(view: ObjectView, grid: StripGrid, place: InStrip) -> tuple[Look, tf.Tensor]:
    """Find the contacts of grasps `[B, E]` in their strips, and whether there are any."""
    theta = tf.gather(direction_angles(), place.direction)[..., None, None]
    rows = (place.v[..., None] + strip_rows(grid)[:, None])[..., None]
    columns = column_places(view)
    readings = read_view(view, tf.cos(theta), tf.sin(theta), columns[:, None, None], rows)
    along = union_of_rows(readings)
    before, after = along[..., :-1], along[..., 1:]
    begins = (before < MATERIAL) & (after >= MATERIAL)
    ends = (before >= MATERIAL) & (after < MATERIAL)
    pitch = (columns[:, 1] - columns[:, 0])[:, None, None]
    edge = edge_places(before, after, columns[:, None, :-1], pitch)
    opening, thickness = view.gripper[:, None, 0], view.gripper[:, None, 2]
    left_pad, right_pad = place.u - 0.5 * opening, place.u + 0.5 * opening

    def least(marked: tf.Tensor, above: tf.Tensor) -> tf.Tensor:
        return tf.reduce_min(tf.where(marked & (edge >= above[..., None]), edge, FAR), axis=-1)

    def greatest(marked: tf.Tensor, below: tf.Tensor) -> tf.Tensor:
        return tf.reduce_max(tf.where(marked & (edge <= below[..., None]), edge, -FAR), axis=-1)

    left = least(begins, left_pad - _TOLERANCE)
    right = greatest(ends, right_pad + _TOLERANCE)
    possible = place.covered & (left < FAR) & (right > left)
    first, last = interval_of_hold(
        left, right, greatest(ends, left), least(begins, right), opening, thickness
    )

    def used(values: tf.Tensor) -> tf.Tensor:
        return tf.where(possible, values, 0.0)

    frame = (place.theta, place.turn, place.v, place.shift, place.u)
    return Look(*frame, used(left), used(right), used(first), used(last)), possible
