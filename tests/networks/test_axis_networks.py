import numpy as np
import pytest
import tensorflow as tf

from fag_tf.networks.axis_networks import AxisNetworks
from fag_tf.networks.observed_parts import ObservedParts, Rows
from reference.small_inputs import stirred

RNG = np.random.default_rng(0)
# The second axis is seen as a point on a circle.
SEES = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0]], bool)
OUTPUTS = 6
VECTOR = tf.constant(RNG.normal(size=(2, 3)), tf.float32)
ROWS = Rows(tf.constant(RNG.normal(size=(2, 4, 5)), tf.float32), None)
ACTION = tf.constant(RNG.normal(size=(2, 7, 4)), tf.float32)


def networks_of(parts, depth=2):
    size = 0 if parts.vector is None else parts.vector.shape[-1]
    sizes = [rows.values.shape[-1] for rows in parts.rows]
    networks = AxisNetworks(SEES, size, sizes, 16, depth, OUTPUTS, seed=0)
    return stirred(networks, 0, 0.2)


@pytest.mark.parametrize(
    "parts",
    [
        ObservedParts(VECTOR, ()),
        ObservedParts(None, (ROWS,)),
        ObservedParts(VECTOR, (ROWS, ROWS)),
    ],
    ids=["vector", "things", "both"],
)
def test_one_axis_alone_has_the_numbers_that_it_has_among_all(parts):
    networks = networks_of(parts)
    features = networks.of_state(parts)
    whole = networks(features, ACTION).numpy()
    assert whole.shape == (3, 2, 7, OUTPUTS)
    assert np.abs(whole[0] - whole[1]).max() > 1e-3
    for axis in range(3):
        np.testing.assert_allclose(networks(features, ACTION, only=axis)[0], whole[axis], atol=1e-5)


def test_an_axis_sees_its_coordinates_and_no_others():
    parts = ObservedParts(VECTOR, (ROWS,))
    networks = networks_of(parts)
    features = networks.of_state(parts)
    before = networks(features, ACTION).numpy()
    for coordinate in range(4):
        moved = ACTION.numpy()
        moved[..., coordinate] += 1.0
        changed = np.abs(networks(features, tf.constant(moved)).numpy() - before).max(
            axis=(1, 2, 3)
        )
        assert np.all((changed > 1e-4) == SEES[:, coordinate])


def test_it_depends_on_the_vector_and_on_the_things():
    parts = ObservedParts(VECTOR, (ROWS,))
    networks = networks_of(parts)
    before = networks(networks.of_state(parts), ACTION).numpy()
    for other in (
        ObservedParts(VECTOR + 1.0, (ROWS,)),
        ObservedParts(VECTOR, (Rows(ROWS.values + 1.0, None),)),
    ):
        assert np.abs(networks(networks.of_state(other), ACTION).numpy() - before).max() > 1e-2


def test_what_attention_selects_reaches_the_output_directly():
    """Before the rest is trained, an output can follow a number of a thing in a straight line."""
    parts = ObservedParts(None, (ROWS,))
    networks = networks_of(parts)
    layers = networks.pairs[0]
    for layer in (networks.output_of_hidden, networks.output_of_state, networks.output_of_action):
        layer.kernel.assign(tf.zeros_like(layer.kernel))
    layers.attention.kernel.assign(tf.zeros_like(layers.attention.kernel))
    layers.attention.bias.assign(tf.zeros_like(layers.attention.bias))
    found = networks(networks.of_state(parts), ACTION).numpy()
    heads = layers.attention.units
    mean = np.tile(ROWS.values.numpy().mean(axis=1), heads)  # even shares in each of the heads
    expected = mean @ layers.to_output.kernel.numpy() + networks.output_of_hidden.bias.numpy()
    np.testing.assert_allclose(found, np.repeat(expected[:, :, None], 7, axis=2), atol=1e-4)
