import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx

from fag_tf.deployment.onnx_loops import with_steps_for_loops

NUMBERS = np.array([[0.3, -0.7, 2.0]], np.float32)


def converted(function):
    spec = [tf.TensorSpec([None, 3], tf.float32, "x")]
    model, _ = tf2onnx.convert.from_function(
        tf.function(function, autograph=False), input_signature=spec, opset=18
    )
    return model


def run(model):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": NUMBERS})[0]


def loops(model):
    return sum(node.op_type == "Loop" for node in model.graph.node)


def repeated(steps, going_on=lambda *_: True):
    def function(x):
        outside = tf.cos(x)

        def step(value, scale, same):
            return tf.sin(value) * scale + outside + same, 0.5 * scale, same

        start = (x, tf.constant(2.0), tf.square(x))
        value, scale, same = tf.while_loop(going_on, step, start, maximum_iterations=steps)
        return value + scale + same

    return function


@pytest.mark.parametrize("steps", [1, 2, 9, 16])
def test_the_steps_give_what_the_loop_gave(steps):
    model = converted(repeated(steps))
    assert loops(model) == 1
    unrolled = with_steps_for_loops(model)
    assert loops(unrolled) == 0
    np.testing.assert_array_equal(run(unrolled), run(model))
    np.testing.assert_allclose(run(unrolled), repeated(steps)(NUMBERS), rtol=1e-5)


def test_several_loops_become_steps_at_once():
    def function(x):
        return repeated(2)(repeated(5)(x))

    model = converted(function)
    unrolled = with_steps_for_loops(model)
    assert (loops(model), loops(unrolled)) == (2, 0)
    np.testing.assert_array_equal(run(unrolled), run(model))


def test_a_long_loop_stays():
    model = converted(repeated(17))
    assert loops(with_steps_for_loops(model)) == 1


def test_a_loop_that_may_end_before_stays():
    model = converted(repeated(9, lambda value, *_: tf.reduce_sum(value) > 0.0))
    assert loops(with_steps_for_loops(model)) == 1


def test_a_loop_that_gathers_step_by_step_stays():
    def function(x):
        found = tf.TensorArray(tf.float32, 4, element_shape=[3])
        _, found = tf.while_loop(
            lambda i, _: i < 4,
            lambda i, found: (i + 1, found.write(i, x[0] * tf.cast(i, tf.float32))),
            (0, found),
            maximum_iterations=4,
        )
        return found.stack()

    model = converted(function)
    np.testing.assert_array_equal(run(with_steps_for_loops(model)), run(model))
