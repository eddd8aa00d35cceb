import math

import numpy as np
import pytest
import tensorflow as tf

from fag_tf.environments.planar_grasp.networks.contact_network import NUM_BELIEFS, Belief
from fag_tf.environments.planar_grasp.networks.hold_frame import INSET, NUM_OTHERS, Frame
from fag_tf.environments.planar_grasp.networks.strips import HALF_TURN_STEP
from fag_tf.environments.planar_grasp.workspace import TABLE_SIDE

HALF_PITCH = 0.002


def rows_of(seed, count=40, centroid=0.05):
    """Rows of holds whose interval the network leaves as the scan saw it."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((count, NUM_BELIEFS + NUM_OTHERS), np.float32)
    rows[:, 13:18] = [-0.02, 0.03, 0.004, -0.003, HALF_PITCH]
    theta = rng.uniform(0.0, math.pi, count)
    v = rng.uniform(-0.02, 0.02, count)
    x, y = rng.uniform(-centroid, centroid, (2, count))
    rows[:, 18:] = np.stack([theta, v, v - 0.02, v + 0.02, x, y, np.full(count, 0.021)], axis=1)
    return rows


def test_a_row_has_the_belief_first_and_then_the_strip_and_the_object():
    rows = rows_of(0)
    frame = Frame.of(tf.constant(rows))
    np.testing.assert_array_equal(np.stack(frame[1:], axis=1), rows[:, NUM_BELIEFS:])
    np.testing.assert_array_equal(frame.belief.least, Belief(rows[:, :NUM_BELIEFS]).least)
    longer = Frame.of(tf.constant(np.pad(rows, [[0, 0], [0, 3]])))
    np.testing.assert_array_equal(longer.max_lever, frame.max_lever)


def test_the_closing_direction_stays_below_half_a_turn():
    frame = Frame.of(tf.constant(rows_of(1)))
    theta, cos, sin = frame.closing(tf.constant(np.linspace(-0.1, 0.1, 40, dtype=np.float32)))
    assert theta.numpy().min() >= 0.0
    assert theta.numpy().max() < math.pi
    np.testing.assert_allclose(cos, np.cos(theta), atol=1e-6)
    np.testing.assert_allclose(sin, np.sin(theta), atol=1e-6)


@pytest.mark.parametrize("centroid", [0.0, 0.14])
def test_the_places_used_lie_within_the_interval_and_on_the_table(centroid):
    rows = rows_of(2, centroid=centroid)
    frame = Frame.of(tf.constant(rows))
    turn, shift = np.float32(0.4 * HALF_TURN_STEP), np.float32(0.3 * HALF_PITCH)
    middle, half = (part.numpy().astype(float) for part in frame.interval(turn, shift))
    least, greatest, edge = (part.numpy() for part in frame.belief.interval(turn, shift))
    theta, v = rows[:, 18] + turn, rows[:, 19] + shift
    reached = []
    for side in (-1.0, 1.0):
        u = middle + side * half
        x = rows[:, 22] + np.cos(theta) * u - np.sin(theta) * v
        y = rows[:, 23] + np.sin(theta) * u + np.cos(theta) * v
        some = half > 1e-5
        assert np.maximum(np.abs(x), np.abs(y))[some].max() <= 0.5 * TABLE_SIDE + 1e-5
        inside = np.minimum(u - least, greatest - u) - INSET * edge
        assert inside[some].min() > -1e-6
        at_the_edge = np.abs(np.maximum(np.abs(x), np.abs(y)) - 0.5 * TABLE_SIDE) < 1e-5
        reached.append((np.abs(inside) < 1e-6) | at_the_edge | ~some)
    assert np.all(reached)


def test_a_part_ends_where_the_object_would_hang_too_far_from_the_middle():
    rows = rows_of(3)
    frame = Frame.of(tf.constant(rows))
    low, high = (part.numpy() for part in frame.ends(0.5, 0.25))
    v = rows[:, 19]
    np.testing.assert_allclose(v + low, np.clip(v + 0.25 * HALF_PITCH, -0.021, 0.021), atol=1e-7)
    np.testing.assert_allclose(v + high, np.clip(v + 0.75 * HALF_PITCH, -0.021, 0.021), atol=1e-7)
