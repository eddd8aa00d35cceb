import numpy as np
import tensorflow as tf

from fag_tf.networks.stacked import StackedDense


def layer_of(bias=True):
    layer = StackedDense(3, 4, 5, 1.0, seed=0, bias=bias, name="layer")
    if bias:
        layer.bias.assign(np.random.default_rng(1).normal(size=(3, 1, 5)).astype(np.float32))
    return layer


def by_hand(layer, x):
    bias = 0.0 if layer.bias is None else layer.bias.numpy()
    return (
        np.stack([each @ kernel for each, kernel in zip(x, layer.kernel.numpy(), strict=True)])
        + bias
    )


def test_each_network_has_its_own_weights():
    x = np.random.default_rng(0).normal(size=(3, 7, 4)).astype(np.float32)
    for bias in (True, False):
        layer = layer_of(bias)
        np.testing.assert_allclose(layer(x), by_hand(layer, x), atol=1e-5)


def test_further_axes_are_kept_and_one_input_may_serve_all():
    layer, x = layer_of(), np.random.default_rng(0).normal(size=(1, 2, 6, 4)).astype(np.float32)
    found = layer(tf.constant(x)).numpy()
    assert found.shape == (3, 2, 6, 5)
    flat = by_hand(layer, np.repeat(x.reshape(1, 12, 4), 3, axis=0))
    np.testing.assert_allclose(found.reshape(3, 12, 5), flat, atol=1e-5)


def test_one_network_can_run_alone():
    layer, x = layer_of(), np.random.default_rng(0).normal(size=(3, 7, 4)).astype(np.float32)
    whole = layer(x).numpy()
    for i in range(3):
        np.testing.assert_allclose(layer(x[i : i + 1], only=i)[0], whole[i], atol=1e-5)
        counted = layer(x[i : i + 1], only=tf.constant(i))  # as in a loop of a graph
        np.testing.assert_allclose(counted[0], whole[i], atol=1e-5)


def test_outputs_begin_with_the_variance_that_is_asked_for():
    layer = StackedDense(8, 64, 64, 2.0, seed=0, bias=False, name="layer")
    x = np.random.default_rng(0).normal(size=(1, 500, 64)).astype(np.float32)
    assert abs(layer(x).numpy().var() / 2.0 - 1.0) < 0.1
