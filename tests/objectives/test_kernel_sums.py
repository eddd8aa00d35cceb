import numpy as np
import pytest
import tensorflow as tf

from fag_tf.objectives import kernel_sums
from fag_tf.objectives.kernel_sums import log_sum_of_kernels

NUMBERS = (1, 7, 8, 9, 24, 29)  # of centres; the last block is full, or not


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(kernel_sums, "_BLOCK", 8)


def plain(x, y):
    """The same with all pairs at once, and TensorFlow's own way back."""
    distance = tf.reduce_sum(tf.square(x[..., :, None, :] - y[..., None, :, :]), axis=-1)
    return tf.reduce_logsumexp(-0.5 * distance, axis=-1)


def with_gradients(function, x, y, weights):
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        values = function(x, y)
        loss = tf.reduce_sum(weights * values)
    return values, *tape.gradient(loss, [x, y])


def some(*shape, seed=0, scale=1.0):
    return tf.constant(scale * np.random.default_rng(seed).standard_normal(shape), tf.float32)


@pytest.fixture(params=["eager", "graph", "compiled"])
def run(request):
    """`with_gradients` in each way of running it."""
    if request.param == "eager":
        return with_gradients
    compiled = request.param == "compiled"
    return lambda function, *tensors: tf.function(
        lambda *each: with_gradients(function, *each), jit_compile=compiled, autograph=False
    )(*tensors)


@pytest.mark.parametrize("number", NUMBERS)
def test_blocks_give_the_values_and_gradients_of_all_pairs(run, number):
    x, y, weights = some(2, 5, 3), some(2, number, 3, seed=1), some(2, 5, seed=2)
    for mine, theirs in zip(
        run(log_sum_of_kernels, x, y, weights), with_gradients(plain, x, y, weights), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_any_batch_of_states(batch):
    x, y, weights = some(*batch, 5, 2), some(*batch, 19, 2, seed=1), some(*batch, 5, seed=2)
    for mine, theirs in zip(
        with_gradients(log_sum_of_kernels, x, y, weights),
        with_gradients(plain, x, y, weights),
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=2e-5)


def test_far_centres_in_early_blocks_neither_underflow_nor_count():
    near, far = some(1, 8, 2, seed=1), some(1, 16, 2, seed=2) + 500.0
    x = some(1, 4, 2)
    for centres in (tf.concat([far, near], 1), tf.concat([near, far], 1)):
        np.testing.assert_allclose(log_sum_of_kernels(x, centres), plain(x, near), rtol=1e-4)
    alone, slope_x, slope_y = with_gradients(log_sum_of_kernels, x, far, tf.ones([1, 4]))
    assert np.all(np.isfinite(alone))
    assert np.all(np.isfinite(slope_x))
    assert np.all(np.isfinite(slope_y))


def test_a_number_that_is_not_known_when_traced_is_one_block():
    spec = tf.TensorSpec([2, None, 3], tf.float32)
    traced = tf.function(log_sum_of_kernels, input_signature=[spec, spec], autograph=False)
    x, y = some(2, 5, 3), some(2, 29, 3, seed=1)
    np.testing.assert_allclose(traced(x, y), plain(x, y), rtol=2e-4, atol=2e-5)


def test_no_matrix_of_all_pairs_is_held():
    """No tensor of the graph, forward or back, is larger than points times a block."""
    points, number = 40, 80
    specs = [tf.TensorSpec([1, n, 3], tf.float32) for n in (points, number)]
    weights = tf.ones([1, points])
    graph = (
        tf.function(lambda x, y: with_gradients(log_sum_of_kernels, x, y, weights), autograph=False)
        .get_concrete_function(*specs)
        .graph
    )
    graphs = [graph, *(each.graph for each in graph._functions.values())]
    assert len(graphs) > 1
    sizes = [
        tensor.shape.num_elements() or 0
        for each in graphs
        for operation in each.get_operations()
        for tensor in operation.outputs
        if tensor.shape.is_fully_defined()
    ]
    assert max(sizes) == points * 8
