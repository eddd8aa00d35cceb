"""Holds: pairs of contacts that a jaw can close on, and what a network believes of them.

A jaw in a strip has its left finger in one gap and its right finger in another one. The pads then
touch the end of the left gap and the begin of the right gap. All places u of the jaw with its
fingers in these two gaps are one hold: the contacts are the same, so they are feasible together.
The places form an interval, which follows from the gaps, the opening and the fingers.
"""

from typing import NamedTuple

import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.contact_network import ContactNetwork
from fag_tf.environments.planar_grasp.networks.contact_profiles import (
    Profile,
    contact_profiles,
    touch_places,
)
from fag_tf.environments.planar_grasp.networks.long_rows import stacked
from fag_tf.environments.planar_grasp.networks.object_view import ObjectView
from fag_tf.environments.planar_grasp.networks.strips import (
    Contacts,
    StripGrid,
    direction_angles,
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
    strip, begin, end = contacts.strip, contacts.begin, contacts.end
    count = tf.shape(strip)[0]
    # Whether the contact so many places on is in the same strip; none is beyond the last one.
    later = tf.pad(strip, [[0, _MOST_BETWEEN]], constant_values=-1)
    together = [later[on : on + count] == strip for on in range(_MOST_BETWEEN)]
    before = tf.where(tf.pad(together[1][:-1], [[1, 0]]), tf.pad(end[:-1], [[1, 0]]), -FAR)
    after = tf.where(together[1], tf.pad(begin[1:], [[0, 1]]), FAR)
    pair = tf.where(tf.reshape(tf.transpose(stacked(together)), [-1]))
    pair = tf.cast(pair, tf.int32)[:, 0]
    # Plain division: rounding to the floor takes many operations in an exported graph.
    first = tf.truncatediv(pair, _MOST_BETWEEN)
    last = pair - (_MOST_BETWEEN - 1) * first
    state = tf.gather(contacts.state, first)
    opening, thickness = (tf.gather(view.gripper[:, i], state) for i in (0, 2))
    least, greatest = interval_of_hold(
        tf.gather(begin, first),
        tf.gather(end, last),
        tf.gather(before, first),
        tf.gather(after, last),
        opening,
        thickness,
    )
    # The last one is kept, so that there is always one.
    kept = (greatest - least > -_SLACK) | (first == count - 1)
    first, last, state, least, greatest = (
        tf.boolean_mask(values, kept) for values in (first, last, state, least, greatest)
    )
    theta = direction_angles()
    cos, sin = (tf.gather(of(theta), contacts.direction) for of in (tf.cos, tf.sin))
    touches = stacked([begin, end])
    readings = contact_profiles(view, contacts.state, cos, sin, contacts.v, touches, _PROFILE)
    codes = network.encode(view, contacts.state, readings, contacts.v)
    places = touch_places(view, contacts.state, readings, _PROFILE)
    # The right contacts come after all the left ones.
    ends = stacked([first, last + count])
    codes = tf.gather(codes, tf.transpose(ends))
    v = tf.gather(contacts.v, first)
    left, right = tf.gather(begin, first), tf.gather(end, last)
    return Holds(
        strip=tf.gather(strip, first),
        state=state,
        direction=tf.gather(contacts.direction, first),
        v=v,
        left=left,
        right=right,
        beliefs=network.judged(
            view,
            state,
            tf.reshape(codes, [-1, 2 * codes.shape[-1]]),
            tf.gather(tf.reshape(places, [-1]), ends),
            v,
            right - left,
            (least, greatest),
            0.5 * tf.gather(grid.pitch, state),
        ),
    )
