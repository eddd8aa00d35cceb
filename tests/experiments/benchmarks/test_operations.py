import numpy as np
import pytest
import tensorflow as tf

from fag_tf.experiments.benchmarks.operations import Operations, count_operations, host_operations


def concrete(function, *shapes):
    specs = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
    return tf.function(function, autograph=False).get_concrete_function(*specs)


def test_a_product_is_two_for_each_entry_and_summand():
    counted = count_operations(concrete(tf.matmul, [3, 5], [5, 7]))
    assert counted == Operations(2.0 * 3 * 5 * 7, 0.0)


@pytest.mark.parametrize(("first", "a"), [([4, 5, 3], True), ([4, 3, 5], False)])
def test_a_batched_product_may_be_transposed(first, a):
    counted = count_operations(
        concrete(lambda x, y: tf.matmul(x, y, transpose_a=a), first, [4, 5, 7])
    )
    assert counted.products == 2.0 * 4 * 3 * 5 * 7


def test_other_arithmetic_is_what_it_gives_and_a_sum_what_it_takes():
    counted = count_operations(concrete(lambda x, y: tf.reduce_sum(tf.exp(x) * y), [6, 2], [6, 2]))
    assert counted == Operations(0.0, 12.0 + 12.0 + 12.0)
    assert counted.total == 36.0


def test_the_way_back_of_a_product_is_two_products():
    def gradient(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            loss = tf.reduce_sum(tf.matmul(x, y))
        return tape.gradient(loss, [x, y])

    # What came of the product itself is not needed for its gradient.
    assert count_operations(concrete(gradient, [3, 5], [5, 7])).products == 2 * 2.0 * 3 * 5 * 7


def test_what_no_output_needs_is_no_work():
    def wasteful(x, y):
        tf.matmul(x, x)
        return x + y

    assert count_operations(concrete(wasteful, [3, 3], [3, 3])) == Operations(0.0, 9.0)


def test_what_is_assigned_is_needed():
    variable = tf.Variable(tf.zeros([3, 3]))

    def update(x):
        variable.assign_add(tf.matmul(x, x))
        return tf.constant(0.0)

    assert count_operations(concrete(update, [3, 3])) == Operations(54.0, 9.0)


def test_whole_numbers_are_no_floating_point():
    def count(x):
        return tf.shape(x)[0] * 2 + tf.range(5)

    assert count_operations(concrete(count, [3])).total == 0.0


def test_a_convolution_and_its_ways_back_cost_the_same():
    kernel = tf.Variable(np.zeros((3, 3, 2, 4), np.float32))

    def forward(image):
        return tf.nn.conv2d(image, kernel, 1, "SAME")

    def gradient(image):
        with tf.GradientTape() as tape:
            tape.watch(image)
            loss = tf.reduce_sum(tf.square(forward(image)))
        return tape.gradient(loss, [image, kernel])

    one = 2.0 * 1 * 8 * 8 * 3 * 3 * 2 * 4
    assert count_operations(concrete(forward, [1, 8, 8, 2])).products == one
    assert count_operations(concrete(gradient, [1, 8, 8, 2])).products == 3 * one


def test_calls_to_python_are_found():
    def through_python(x):
        return tf.numpy_function(np.sin, [x], tf.float32)

    assert host_operations(concrete(through_python, [3])) == 1
    assert host_operations(concrete(tf.sin, [3])) == 0
