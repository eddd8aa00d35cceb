import numpy as np
import pytest
import tensorflow as tf

from fag_tf.networks.axis_networks import AxisNetworks
from fag_tf.networks.observed_parts import ObservedParts, Rows
from fag_tf.spaces import ActionSpace, Axis
from reference.small_inputs import stirred

RNG = np.random.default_rng(0)
SPACE = ActionSpace(
    [Axis("a", 0.0, 2.0), Axis("turn", 0.0, np.pi, "rad", periodic=True), Axis("b", -1.0, 5.0)]
)
OUTPUTS = 6
VECTOR = tf.constant(RNG.normal(size=(2, 3)), tf.float32)
ROWS = Rows(tf.constant(RNG.normal(size=(2, 4, 5)), tf.float32), None)
# Boxes: a centre and a width on each axis.
BOXES = Rows(
    ROWS.values, None, tuple(tf.unstack(tf.constant(RNG.normal(size=(2, 2, 4, 3)), tf.float32)))
)
POINTS = tf.constant(RNG.uniform(-1.0, 1.0, (2, 7, 3)), tf.float32)


def networks_of(parts, depth=2):
    size = 0 if parts.vector is None else parts.vector.shape[-1]
    sizes = [rows.values.shape[-1] for rows in parts.rows]
    arrays = [[array.shape[-1] for array in rows.observed] for rows in parts.rows]
    networks = AxisNetworks(SPACE, size, sizes, arrays, 16, depth, OUTPUTS, seed=0)
    return stirred(networks, 0, 0.2)


@pytest.mark.parametrize(
    "parts",
    [
        ObservedParts(VECTOR, ()),
        ObservedParts(None, (ROWS,)),
        ObservedParts(VECTOR, (ROWS, ROWS)),
        ObservedParts(VECTOR, (ROWS, BOXES)),
    ],
    ids=["vector", "things", "both", "boxes"],
)
def test_one_axis_alone_has_the_numbers_that_it_has_among_all(parts):
    networks = networks_of(parts)
    features = networks.of_state(parts)
    whole = networks(features, POINTS).numpy()
    assert whole.shape == (3, 2, 7, OUTPUTS)
    assert np.abs(whole[0] - whole[1]).max() > 1e-3
    before = networks.before_all(features, 7)
    for axis in range(3):
        alone = networks(features, POINTS, only=axis, before=before)[0]
        np.testing.assert_allclose(alone, whole[axis], atol=1e-5)
        before = networks.after(before, features, POINTS[..., axis], axis)


@pytest.mark.parametrize("rows", [ROWS, BOXES], ids=["things", "boxes"])
def test_an_axis_sees_the_earlier_axes_and_no_others(rows):
    parts = ObservedParts(VECTOR, (rows,))
    networks = networks_of(parts)
    features = networks.of_state(parts)
    whole = networks(features, POINTS).numpy()
    for axis in range(3):
        moved = POINTS.numpy()
        moved[..., axis] += 0.3
        changed = np.abs(networks(features, tf.constant(moved)).numpy() - whole).max(axis=(1, 2, 3))
        assert np.all((changed > 1e-4) == (np.arange(3) > axis))


def test_a_turn_of_a_circle_changes_nothing():
    parts = ObservedParts(VECTOR, (BOXES,))
    networks = networks_of(parts)
    features = networks.of_state(parts)
    turned = POINTS + tf.constant([0.0, 2.0, 0.0])
    np.testing.assert_allclose(networks(features, turned), networks(features, POINTS), atol=1e-3)


def test_it_depends_on_the_vector_and_on_the_things():
    parts = ObservedParts(VECTOR, (ROWS,))
    networks = networks_of(parts)
    before = networks(networks.of_state(parts), POINTS).numpy()
    for other in (
        ObservedParts(VECTOR + 1.0, (ROWS,)),
        ObservedParts(VECTOR, (Rows(ROWS.values + 1.0, None),)),
    ):
        assert np.abs(networks(networks.of_state(other), POINTS).numpy() - before).max() > 1e-2


def test_what_attention_selects_reaches_the_output_directly():
    """Before the rest is trained, an output can follow a number of a thing in a straight line."""
    parts = ObservedParts(None, (ROWS,))
    networks = networks_of(parts)
    layers = networks.pairs[0]
    for layer in (networks.output_of_hidden, networks.output_of_state, networks.output_of_action):
        layer.kernel.assign(tf.zeros_like(layer.kernel))
    layers.attention.kernel.assign(tf.zeros_like(layers.attention.kernel))
    layers.attention.bias.assign(tf.zeros_like(layers.attention.bias))
    found = networks(networks.of_state(parts), POINTS).numpy()
    heads = layers.attention.units
    mean = np.tile(ROWS.values.numpy().mean(axis=1), heads)  # even shares in each of the heads
    expected = mean @ layers.to_output.kernel.numpy() + networks.output_of_hidden.bias.numpy()
    np.testing.assert_allclose(found, np.repeat(expected[:, :, None], 7, axis=2), atol=1e-4)
