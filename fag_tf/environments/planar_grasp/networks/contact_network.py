"""The network that judges a hold from the profiles of its two contacts."""

import keras
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.object_view import ObjectView
from fag_tf.environments.planar_grasp.networks.strips import (
    HALF_TURN_STEP,
    of_each,
)
from fag_tf.networks.mlp import mlp

__all__ = ["NUM_BELIEFS", "Belief", "ContactNetwork"]

# Outputs: 6 of the logit, 3 for each end of the interval, 1 for the width of its edges.
_OUTPUTS = 13

NUM_BELIEFS = _OUTPUTS + 5
"""Number of values of one hold in a row; see `Belief`."""

# Unit and bound of what the network adds to the ends of an interval, m.
_SHIFT = 0.002
# Width of an interval's edges where the network adds nothing, m.
_EDGE = 0.0006
# Logit where the network adds nothing.
_START_LOGIT = 2.0


class Belief:
    """What the network believes of holds, and of grasps a small turn and shift away from them.

    The logit that the contacts hold is quadratic in the turn and in the shift. The ends of the
    interval of places u are linear in them. All numbers of a hold stand in one row, so that one
    look-up takes them.

    Args:
        rows: `[..., NUM_BELIEFS]`: the outputs of the network; least and greatest place u of the
            interval by the scan, m; coordinates v of the left and of the right pad's first touch,
            m; and half the distance of neighbouring strips, m. A small turn moves a touch along u
            by v times the turn.
    """

    def __init__(self, rows: tf.Tensor) -> None:
        parts = tf.unstack(rows, num=NUM_BELIEFS, axis=-1)
        self._output = parts[:_OUTPUTS]
        self.least, self.greatest, self._left, self._right, self.half_pitch = parts[_OUTPUTS:]

    def contact_logit(self, turn: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        """Logit that both contacts hold, after a turn (rad) and a shift along v (m)."""
        a, b = turn / HALF_TURN_STEP, shift / self.half_pitch
        one, to_a, to_b, to_aa, to_ab, to_bb = self._output[:6]
        return one + a * (to_a + to_aa * a + to_ab * b) + b * (to_b + to_bb * b) + _START_LOGIT

    def interval(self, turn: tf.Tensor, shift: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Least and greatest place u after a turn and a shift, and the edges' width, all in m."""
        a, b = turn / HALF_TURN_STEP, shift / self.half_pitch

        def added(one: tf.Tensor, to_a: tf.Tensor, to_b: tf.Tensor) -> tf.Tensor:
            return _SHIFT * tf.tanh(0.5 * (one + to_a * a + to_b * b))

        least = self.least + self._right * turn + added(*self._output[6:9])
        greatest = self.greatest + self._left * turn + added(*self._output[9:12])
        return least, greatest, _EDGE * tf.exp(2.0 * tf.tanh(0.5 * self._output[12]))

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
        self, view: ObjectView, state: tf.Tensor | None, readings: tf.Tensor, v: tf.Tensor
    ) -> tf.Tensor:
        """Codes `[..., 2, E]` of contacts; see `contact_features` for the arguments."""
        flat = tf.concat(
            [tf.shape(readings)[:-2], [readings.shape[-2] * readings.shape[-1]]], axis=0
        )
        known = tf.concat([_spread(_scales(view), state, v), v[..., None] / 0.03], axis=-1)
        # Readings are nearly a picture of zeros and ones.
        seen = tf.reshape(2.0 * readings - 1.0, flat)
        both = tf.repeat(known[..., None, :], 2, axis=-2)
        return tf.nn.silu(_in_rows(self.reader, tf.concat([seen, both], axis=-1)))

    def judged(
        self,
        view: ObjectView,
        state: tf.Tensor | None,
        codes: tf.Tensor,
        places: tf.Tensor,
        v: tf.Tensor,
        width: tf.Tensor,
        interval: tuple[tf.Tensor, tf.Tensor],
        half_pitch: tf.Tensor,
    ) -> tf.Tensor:
        """Judge holds and give the rows of `Belief`, `[..., NUM_BELIEFS]`.

        Args:
            view: views of B objects.
            state: number of the state of each hold, `[H]`; None for arguments `[B, H]`.
            codes: codes of the left and of the right contact, `[..., 2, E]`.
            places: v of the first touches from the pads' middle, left and right, m, `[..., 2]`.
            v: coordinate of the pads' middle along the pads, m, `[...]`.
            width: distance of the two touches along u, m, `[...]`.
            interval: least and greatest place u of the hold by the scan, m, each `[...]`.
            half_pitch: half the distance of neighbouring strips, m, `[...]`.
        """
        sizes = _spread(tf.concat([_scales(view), _sizes(view)], axis=1), state, v)
        pad, friction, opening = (of_each(view.gripper[:, i], state) for i in (1, 3, 0))
        left, right = tf.unstack(places, num=2, axis=-1)
        held = tf.maximum(width, 1e-4)
        known = [
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
        joined = tf.concat([tf.shape(v), [2 * codes.shape[-1]]], axis=0)
        seen = [tf.reshape(codes, joined), sizes, tf.stack(known, axis=-1)]
        output = _in_rows(self.judge, tf.concat(seen, axis=-1))
        exact = tf.stack([*interval, v + left, v + right, half_pitch], axis=-1)
        return tf.concat([output, exact], axis=-1)


def _in_rows(layers: keras.Sequential, inputs: tf.Tensor) -> tf.Tensor:
    """Outputs of a network for inputs with any number of axes before the last one."""
    outputs = layers(tf.reshape(inputs, [-1, inputs.shape[-1]]))
    shape = tf.concat([tf.shape(inputs)[:-1], [outputs.shape[-1]]], axis=0)
    return tf.ensure_shape(tf.reshape(outputs, shape), [*inputs.shape[:-1], outputs.shape[-1]])


def _scales(view: ObjectView) -> tf.Tensor:
    """Numbers near 0 for the sizes that matter at a contact, `[B, 4]`."""
    units = tf.constant([0.02, 0.5, 0.001, 0.08])
    sizes = [view.gripper[:, 1:2], view.gripper[:, 3:5], view.reach[:, None]]
    return tf.math.log(tf.concat(sizes, axis=1) / units)


def _sizes(view: ObjectView) -> tf.Tensor:
    """Numbers near 0 for the other sizes of a gripper, `[B, 4]`."""
    opening, pad, thickness, friction, compliance, lever = tf.unstack(view.gripper, 6, axis=-1)
    patch = compliance / (friction * pad)
    sizes = tf.stack([opening / 0.08, thickness / 0.013, 10.0 * patch], axis=-1)
    return tf.concat([tf.math.log(sizes), lever[:, None] / 0.03], axis=-1)


def _spread(of_state: tf.Tensor, state: tf.Tensor | None, like: tf.Tensor) -> tf.Tensor:
    """Numbers of states `[B, F]` for entries: `[K, F]`, or `[B, E, F]` if `like` is `[B, E]`."""
    if state is not None:
        return tf.gather(of_state, state)
    return of_state[:, None] + tf.zeros_like(like)[..., None]
