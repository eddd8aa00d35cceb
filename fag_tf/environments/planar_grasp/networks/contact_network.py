"""The network that judges a hold from the profiles of its two contacts."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from fag_tf.environments.planar_grasp.networks.long_rows import columns_first, stacked
from fag_tf.environments.planar_grasp.networks.object_view import ObjectView
from fag_tf.environments.planar_grasp.networks.strips import HALF_TURN_STEP
from fag_tf.networks.mlp import mlp

__all__ = ["NUM_BELIEFS", "Belief", "ContactNetwork", "beliefs_at"]

# Outputs: 6 of the logit, 3 for each end of the interval, 1 for the width of its edges.
_OF_LOGIT = 6
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
            interval by the scan, m; coordinates v of the right and of the left pad's first touch,
            m; and half the distance of neighbouring strips, m. A small turn moves a touch along u
            by v times the turn.
    """

    def __init__(self, rows: tf.Tensor) -> None:
        # Numbers of many holds in a row each: short last axes are slow in an exported graph.
        parts = tf.split(columns_first(rows), [*[1] * _OF_LOGIT, 6, 1, 2, 2, 1])
        self._of_logit, (moved, self._edge, self._ends, self._touches, self._half_pitch) = (
            parts[:_OF_LOGIT],
            parts[_OF_LOGIT:],
        )
        self._moved = [moved[i::3] for i in range(3)]

    @property
    def least(self) -> tf.Tensor:
        """Least place u of the interval by the scan, m, `[...]`."""
        return self._ends[0]

    @property
    def greatest(self) -> tf.Tensor:
        """Greatest place u of the interval by the scan, m, `[...]`."""
        return self._ends[1]

    @property
    def half_pitch(self) -> tf.Tensor:
        """Half the distance of neighbouring strips, m, `[...]`."""
        return self._half_pitch[0]

    def contact_logit(self, turn: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        """Logit that both contacts hold, after a turn (rad) and a shift along v (m)."""
        return self._logit(turn, shift)[0]

    def interval(self, turn: tf.Tensor, shift: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Least and greatest place u after a turn and a shift, and the edges' width, all in m."""
        least, greatest = tf.unstack(self._interval(turn, shift), num=2)
        return least, greatest, _edge(self._edge)[0]

    def _logit(self, turn: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        a, b = turn / HALF_TURN_STEP, shift / self._half_pitch
        one, to_a, to_b, to_aa, to_ab, to_bb = self._of_logit
        return one + a * (to_a + to_aa * a + to_ab * b) + b * (to_b + to_bb * b) + _START_LOGIT

    def _interval(self, turn: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        """Both ends of the interval after a turn and a shift, m, `[2, ...]`."""
        a, b = turn / HALF_TURN_STEP, shift / self._half_pitch
        one, to_a, to_b = self._moved
        moved = _SHIFT * tf.tanh(0.5 * (one + to_a * a + to_b * b))
        return self._ends + self._touches * turn + moved

    def log_probability(self, turn: tf.Tensor, shift: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
        """Log probability that a grasp at u holds, after a turn and a shift."""
        return self._log_probability(self._logit(turn, shift), self._interval(turn, shift), u)

    def log_probability_here(self, u: tf.Tensor) -> tf.Tensor:
        """Log probability that a grasp at u holds, without any turn or shift."""
        interval = self._ends + _SHIFT * tf.tanh(0.5 * self._moved[0])
        return self._log_probability(self._of_logit[0] + _START_LOGIT, interval, u)

    def _log_probability(self, logit: tf.Tensor, interval: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
        sides = np.reshape([1.0, -1.0], [2, *[1] * len(self._edge.shape[1:])]).astype(np.float32)
        inside = (u - interval) * sides / _edge(self._edge)
        logits = tf.concat([logit, inside], axis=0)
        return tf.reduce_sum(tf.math.log_sigmoid(logits), axis=0)


def beliefs_at(
    rows: tf.Tensor, a: NDArray[Any], b: NDArray[Any]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Evaluate `Belief` for all holds at the same P relative turns and shifts.

    Args:
        rows: `[H, NUM_BELIEFS]`; see `Belief`.
        a: turns as shares of `HALF_TURN_STEP`, `[P]`.
        b: shifts as shares of each hold's `half_pitch`, `[P]`.

    Returns:
        Logit, least and greatest place u, m, each `[P, H]`, and the edges' width, m, `[1, H]`.
    """
    # All but the tanh is linear in the numbers of a hold: one product of matrices gives it.
    count = len(a)
    weights = np.zeros((5, count, NUM_BELIEFS), np.float32)
    weights[0, :, :_OF_LOGIT] = np.stack([a**0, a, b, a * a, a * b, b * b], axis=1)
    for end in range(2):
        first = _OF_LOGIT + 3 * end
        weights[1 + end, :, first : first + 3] = 0.5 * np.stack([a**0, a, b], axis=1)
        weights[3 + end, :, _OUTPUTS + end] = 1.0
        weights[3 + end, :, _OUTPUTS + 2 + end] = HALF_TURN_STEP * a
    of_edge = np.eye(NUM_BELIEFS, dtype=np.float32)[_OUTPUTS - 1 : _OUTPUTS]
    weights = np.concatenate([weights.reshape(-1, NUM_BELIEFS), of_edge])
    linear = tf.matmul(tf.constant(weights), rows, transpose_b=True)
    logit, moved, exact, edge = tf.split(linear, [count, 2 * count, 2 * count, 1])
    least, greatest = tf.split(exact + _SHIFT * tf.tanh(moved), 2)
    return logit + _START_LOGIT, least, greatest, _edge(edge)


def _edge(output: tf.Tensor) -> tf.Tensor:
    """Width of an interval's edges, m."""
    return _EDGE * tf.exp(2.0 * tf.tanh(0.5 * output))


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
        self, view: ObjectView, state: tf.Tensor, readings: tf.Tensor, v: tf.Tensor
    ) -> tf.Tensor:
        """Codes `[2 K, E]` of contacts; see `contact_profiles` for the arguments."""
        scales = tf.gather(_scales(view), state)
        known = tf.concat([scales, tf.reshape(v / 0.03, [-1, 1])], axis=1)
        known = tf.concat([known, known], axis=0)
        return tf.nn.silu(self.reader(tf.concat([readings, known], axis=1)))

    def judged(
        self,
        view: ObjectView,
        state: tf.Tensor,
        codes: tf.Tensor,
        places: tf.Tensor,
        v: tf.Tensor,
        width: tf.Tensor,
        interval: tuple[tf.Tensor, tf.Tensor],
        half_pitch: tf.Tensor,
    ) -> tf.Tensor:
        """Judge H holds and give the rows of `Belief`, `[H, NUM_BELIEFS]`.

        Args:
            view: views of B objects.
            state: number of the state of each hold, int32 `[H]`.
            codes: codes of the left contact, then of the right one, `[H, 2 E]`.
            places: v of the first touches from the pads' middle, left and right, m, `[2, H]`.
            v: coordinate of the pads' middle along the pads, m, `[H]`.
            width: distance of the two touches along u, m, `[H]`.
            interval: least and greatest place u of the hold by the scan, m, each `[H]`.
            half_pitch: half the distance of neighbouring strips, m, `[H]`.
        """
        sizes = tf.gather(tf.concat([_scales(view), _sizes(view)], axis=1), state)
        pad, friction, opening = (tf.gather(view.gripper[:, i], state) for i in (1, 3, 0))
        left, right = tf.unstack(places / pad, num=2)
        held = tf.maximum(width, 1e-4)
        exact = [*interval, v + right * pad, v + left * pad, half_pitch]
        known = [
            held / 0.03,
            tf.minimum(held / 0.01, 3.0),
            tf.minimum(friction * held / pad, 4.0),
            tf.clip_by_value((opening - held) / 0.03, -2.0, 2.0),
            v / 0.03,
            v / pad,
            left,
            right,
            left - right,
        ]
        known, exact = tf.split(
            tf.transpose(stacked([*known, *exact])), [len(known), len(exact)], axis=1
        )
        output = self.judge(tf.concat([codes, sizes, known], axis=1))
        return tf.concat([output, exact], axis=1)


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
