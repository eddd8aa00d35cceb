"""The network that judges a hold from the profiles of its two contacts."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.object_view import ObjectView
from fag_tf.environments.planar_grasp.networks.strips import HALF_TURN_STEP, of_each
from fag_tf.networks.mlp import mlp

__all__ = ["Belief", "ContactNetwork"]

# Outputs: 6 of the logit, 3 for each end of the interval, 1 for the width of its edges.
_OUTPUTS = 13
# Unit and bound of what the network adds to the ends of an interval, m.
_SHIFT = 0.002
# Width of an interval's edges where the network adds nothing, m.
_EDGE = 0.0006
# Logit where the network adds nothing.
_START_LOGIT = 2.0


class Belief(NamedTuple):
    """What the network believes of holds, and of grasps a small turn and shift away from them.

    The logit that the contacts hold is quadratic in the turn and in the shift. The ends of the
    interval of places u are linear in them.

    Attributes:
        output: outputs of the network, `[..., 13]`.
        least: least place u of the interval by the scan, m, `[...]`.
        greatest: greatest place u by the scan, m, `[...]`.
        left: coordinate v of the left pad's first touch, m, `[...]`. A small turn moves this
            touch along u by v times the turn.
        right: coordinate v of the right pad's first touch, m, `[...]`.
        half_pitch: half the distance of neighbouring strips, m, `[...]`.
    """

    output: tf.Tensor
    least: tf.Tensor
    greatest: tf.Tensor
    left: tf.Tensor
    right: tf.Tensor
    half_pitch: tf.Tensor

    def at(self, index: tf.Tensor) -> "Belief":
        """The beliefs of the holds `index`."""
        return Belief(*(tf.gather(values, index) for values in self))

    def expanded(self) -> "Belief":
        """The beliefs with one more axis, for several turns and shifts of each hold."""
        return Belief(self.output[..., None, :], *(values[..., None] for values in self[1:]))

    def contact_logit(self, turn: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        """Logit that both contacts hold, after a turn (rad) and a shift along v (m)."""
        a, b = turn / HALF_TURN_STEP, shift / self.half_pitch
        one, to_a, to_b, to_aa, to_ab, to_bb = (self.output[..., i] for i in range(6))
        return one + a * (to_a + to_aa * a + to_ab * b) + b * (to_b + to_bb * b) + _START_LOGIT

    def interval(self, turn: tf.Tensor, shift: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Least and greatest place u after a turn and a shift, and the edges' width, all in m."""
        a, b = turn / HALF_TURN_STEP, shift / self.half_pitch

        def added(first: int) -> tf.Tensor:
            one, to_a, to_b = (self.output[..., first + i] for i in range(3))
            return _SHIFT * tf.tanh(0.5 * (one + to_a * a + to_b * b))

        least = self.least + self.right * turn + added(6)
        greatest = self.greatest + self.left * turn + added(9)
        return least, greatest, _EDGE * tf.exp(2.0 * tf.tanh(0.5 * self.output[..., 12]))

    def log_probability(self, turn: tf.Tensor, shift: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
        """Log probability that a grasp at u holds, after a turn and a shift."""
        least, greatest, edge = self.interval(turn, shift)
        return (
            tf.math.log_sigmoid(self.contact_logit(turn, shift))
            + tf.math.log_sigmoid((u - least) / edge)
            + tf.math.log_sigmoid((greatest - u) / edge)
        )


class ContactNetwork(keras.layers.Layer):
    """Judges holds. Both pads share the part that reads the profile of a contact.

    Args:
        width: number of units of a layer, of which the layers here have fixed shares: the widest
            a half.
        seed: seed of the initial weights.
    """

    def __init__(self, width: int, seed: int) -> None:
        super().__init__(name="contacts")
        half, third, sixth = (max(1, width // share) for share in (2, 3, 6))
        self.reader = mlp([third], sixth, seed)
        self.judge = mlp([half, third], _OUTPUTS, seed + 101, final_scale=0.05)

    def encode(
        self, view: ObjectView, state: tf.Tensor | None, profile: tf.Tensor, v: tf.Tensor
    ) -> tf.Tensor:
        """Codes `[..., E]` of contacts from their profiles `[..., F]`; see `contact_features`."""
        scales = [of_each(values, state) for values in _scales(view)]
        spread = [tf.broadcast_to(values, tf.shape(v)) for values in scales]
        # The profile is nearly a picture of zeros and ones.
        known = tf.stack([*spread, v / 0.03], axis=-1)
        return tf.nn.silu(self.reader(tf.concat([2.0 * profile - 1.0, known], axis=-1)))

    def belief(
        self,
        view: ObjectView,
        state: tf.Tensor | None,
        codes: Sequence[tf.Tensor],
        places: Sequence[tf.Tensor],
        v: tf.Tensor,
        width: tf.Tensor,
        least: tf.Tensor,
        greatest: tf.Tensor,
        half_pitch: tf.Tensor,
    ) -> Belief:
        """Judge holds.

        Args:
            view: views of B objects.
            state: number of the state of each hold, `[H]`; None for arguments `[B, H]`.
            codes: codes of the left and of the right contact, each `[..., E]`.
            places: v of the first touch from the pads' middle, left and right, m, each `[...]`.
            v: coordinate of the pads' middle along the pads, m, `[...]`.
            width: distance of the two touches along u, m, `[...]`.
            least: least place u of the hold by the scan, m, `[...]`.
            greatest: greatest place u by the scan, m, `[...]`.
            half_pitch: half the distance of neighbouring strips, m, `[...]`.
        """
        opening, pad, thickness, friction, compliance, lever = (
            of_each(view.gripper[:, i], state) + tf.zeros_like(v) for i in range(6)
        )
        scales = [of_each(values, state) + tf.zeros_like(v) for values in _scales(view)]
        left, right = places
        held = tf.maximum(width, 1e-4)
        known = [
            *scales,
            tf.math.log(opening / 0.08),
            tf.math.log(thickness / 0.013),
            tf.math.log(10.0 * compliance / (friction * pad)),
            lever / 0.03,
            held / 0.03,
            tf.clip_by_value(held / 0.01, 0.0, 3.0),
            tf.clip_by_value(friction * held / pad, 0.0, 4.0),
            tf.clip_by_value((opening - held) / 0.03, -2.0, 2.0),
            v / 0.03,
            v / pad,
            left / pad,
            right / pad,
            (left - right) / pad,
        ]
        output = self.judge(tf.concat([*codes, tf.stack(known, axis=-1)], axis=-1))
        return Belief(output, least, greatest, v + left, v + right, half_pitch)


def _scales(view: ObjectView) -> list[tf.Tensor]:
    """Numbers near 0 for the sizes that matter at a contact, each `[B]`."""
    return [
        tf.math.log(view.gripper[:, 1] / 0.02),
        tf.math.log(view.gripper[:, 4] / 0.001),
        tf.math.log(view.gripper[:, 3] / 0.5),
        tf.math.log(view.reach / 0.08),
    ]
