"""Holds: pairs of contacts that a jaw can close on, and what a network believes of them.

A jaw in a strip has its left finger in one gap and its right finger in another one. The pads then
touch the end of the left gap and the begin of the right gap. All places u of the jaw with its
fingers in these two gaps are one hold: the contacts are the same, so they are feasible together.
The places form an interval, which follows from the gaps, the opening and the fingers.
"""

from typing import NamedTuple

import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.contact_network import ContactNetwork
from fag_tf.environments.planar_grasp.networks.object_view import ObjectView
from fag_tf.environments.planar_grasp.networks.strips import (
    Contacts,
    Profile,
    StripGrid,
    contact_features,
    direction_angles,
    touch_places,
)

__all__ = ["FAR", "Holds", "find_holds", "interval_of_hold"]

# Greatest number of intervals of material between the pads.
_MOST_BETWEEN = 3

# An interval of places may be shorter than 0 by this length, m: the image is not exact.
_SLACK = 0.001

_PROFILE = Profile((-0.0015, 0.0, 0.0015, 0.003, 0.0045), touch=2, rows_beyond=1)

FAR = 9.0
"""Place of a gap's end where there is nothing more, m."""


class Holds(NamedTuple):
    """Holds, H in all states together, in order of strip.

    Attributes:
        strip: number of the strip, int32 `[H]`.
        state: number of the state, int32 `[H]`.
        direction: number of the direction, int32 `[H]`.
        v: coordinate of the strip's middle along the pads, m, `[H]`.
        left: place u where the left pad touches, m, `[H]`.
        right: place u where the right pad touches, m, `[H]`.
        beliefs: what the network believes of each hold, `[H, NUM_BELIEFS]`; see `Belief`.
    """

    strip: tf.Tensor
    state: tf.Tensor
    direction: tf.Tensor
    v: tf.Tensor
    left: tf.Tensor
    right: tf.Tensor
    beliefs: tf.Tensor


def interval_of_hold(
    left: tf.Tensor,
    right: tf.Tensor,
    before: tf.Tensor,
    after: tf.Tensor,
    opening: tf.Tensor,
    thickness: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Least and greatest place u of a jaw's middle with its fingers in two gaps, m.

    Args:
        left: end of the left gap, where the left pad touches, m.
        right: begin of the right gap, where the right pad touches, m.
        before: begin of the left gap, m.
        after: end of the right gap, m.
        opening: free width between the pads, m.
        thickness: thickness of a finger, m.
    """
    least = tf.maximum(before + thickness, right - opening) + 0.5 * opening
    return least, tf.minimum(left, after - thickness - opening) + 0.5 * opening


def find_holds(
    view: ObjectView, grid: StripGrid, contacts: Contacts, network: ContactNetwork
) -> Holds:
    """Find the holds of all strips and ask the network about them.

    The last hold is wider than any jaw, so that there is always one.
    """
    count = tf.shape(contacts.strip)[0]
    each = tf.range(count)
    last = each[:, None] + tf.range(_MOST_BETWEEN)
    partner = tf.minimum(last, count - 1)
    together = (last < count) & (tf.gather(contacts.strip, partner) == contacts.strip[:, None])
    pair = tf.cast(tf.where(together), tf.int32)
    first = pair[:, 0]
    last = first + pair[:, 1]

    def neighbour(index: tf.Tensor, of: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        there = (index >= 0) & (index < count)
        near = tf.clip_by_value(index, 0, count - 1)
        return there & (tf.gather(contacts.strip, near) == tf.gather(contacts.strip, of)), near

    has_before, previous = neighbour(first - 1, first)
    has_after, following = neighbour(last + 1, last)
    state = tf.gather(contacts.state, first)
    gripper = tf.gather(view.gripper, state)
    least, greatest = interval_of_hold(
        tf.gather(contacts.begin, first),
        tf.gather(contacts.end, last),
        tf.where(has_before, tf.gather(contacts.end, previous), -FAR),
        tf.where(has_after, tf.gather(contacts.begin, following), FAR),
        gripper[:, 0],
        gripper[:, 2],
    )
    # The last one is kept, so that there is always one.
    kept = (greatest - least > -_SLACK) | (first == count - 1)
    first, last, state, least, greatest = (
        tf.boolean_mask(values, kept) for values in (first, last, state, least, greatest)
    )
    theta = tf.gather(direction_angles(), contacts.direction)
    touches = tf.stack([contacts.begin, contacts.end], axis=-1)
    readings = contact_features(
        view, contacts.state, tf.cos(theta), tf.sin(theta), contacts.v, touches, _PROFILE
    )
    codes = network.encode(view, contacts.state, readings, contacts.v)
    places = touch_places(view, contacts.state, readings, _PROFILE)
    # Of the contacts' left and right ends in turn: the left of the first, the right of the last.
    ends = tf.stack([2 * first, 2 * last + 1], axis=-1)
    v = tf.gather(contacts.v, first)
    left, right = tf.gather(contacts.begin, first), tf.gather(contacts.end, last)
    return Holds(
        strip=tf.gather(contacts.strip, first),
        state=state,
        direction=tf.gather(contacts.direction, first),
        v=v,
        left=left,
        right=right,
        beliefs=network.judged(
            view,
            state,
            tf.gather(tf.reshape(codes, [-1, codes.shape[-1]]), ends),
            tf.gather(tf.reshape(places, [-1]), ends),
            v,
            right - left,
            (least, greatest),
            0.5 * tf.gather(grid.pitch, state),
        ),
    )
