import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx

from fag_tf.deployment.onnx_forms import CONVERTED_OTHERWISE, with_fast_forms


def converted(function, *specs):
    traced = tf.function(function, input_signature=specs, autograph=False)
    with_forms, _ = tf2onnx.convert.from_function(
        traced, input_signature=specs, opset=18, custom_op_handlers=CONVERTED_OTHERWISE
    )
    return with_forms


def run(model, *inputs):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [part.name for part in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))[0]


def operators(model):
    return {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (0,), (2, 0, 4)])
def test_look_ups_in_a_row_give_what_they_gave(shape):
    row = np.arange(10, dtype=np.float32) ** 2
    index = np.random.default_rng(0).integers(0, 10, shape).astype(np.int32)
    model = converted(
        lambda values, places: tf.gather(values, places),
        tf.TensorSpec([None], tf.float32, "values"),
        tf.TensorSpec([None] * len(shape), tf.int32, "places"),
    )
    faster = with_fast_forms(model)
    np.testing.assert_array_equal(run(faster, row, index), row[index])
    many = len(shape) != 2
    assert ("GatherElements" in operators(faster)) == many


def test_look_ups_of_whole_rows_stay():
    table = np.arange(12, dtype=np.float32).reshape(4, 3)
    model = converted(
        lambda values, places: tf.gather(values, places),
        tf.TensorSpec([None, 3], tf.float32, "values"),
        tf.TensorSpec([None], tf.int32, "places"),
    )
    faster = with_fast_forms(model)
    assert "GatherElements" not in operators(faster)
    index = np.array([3, 0], np.int32)
    np.testing.assert_array_equal(run(faster, table, index), table[index])


def test_the_model_given_is_left_as_it_is():
    model = converted(
        lambda values, places: tf.gather(values, places),
        tf.TensorSpec([None], tf.float32, "values"),
        tf.TensorSpec([None], tf.int32, "places"),
    )
    before = model.SerializeToString()
    with_fast_forms(model)
    assert model.SerializeToString() == before


def test_a_choice_does_not_multiply_what_is_not_chosen():
    model = converted(
        lambda values: tf.where(values > 0.0, tf.math.log(values), -1.0),
        tf.TensorSpec([None], tf.float32, "values"),
    )
    assert "Where" in operators(model)
    found = run(model, np.array([-1.0, 0.0, 1.0], np.float32))
    np.testing.assert_array_equal(found, np.array([-1.0, -1.0, 0.0], np.float32))


def test_a_slice_that_keeps_all_is_left_out_and_a_single_place_is_one_operation():
    def function(values):
        several = tf.transpose(values)[:, None] * tf.constant([[1.0], [2.0]])
        return several[-1:, 1] * values[:, 2] + values[:, -1] - values[1:, 0]

    model = converted(function, tf.TensorSpec([None, 4], tf.float32, "values"))
    fewer = with_fast_forms(model)
    values = np.random.default_rng(0).random((2, 4), np.float32)
    np.testing.assert_array_equal(run(fewer, values), run(model, values))
    kinds = [sorted(node.op_type for node in each.graph.node) for each in (model, fewer)]
    assert len(kinds[1]) < len(kinds[0])
    assert kinds[1].count("Squeeze") < kinds[0].count("Squeeze")


@pytest.mark.parametrize("size", [1, 200])
def test_a_softplus_is_that_of_its_formula(size):
    model = converted(tf.math.log_sigmoid, tf.TensorSpec([None], tf.float32, "values"))
    assert "Softplus" not in operators(model)
    values = np.linspace(-200.0, 100.0, size, dtype=np.float32)
    exact = -np.logaddexp(0.0, -values.astype(float))
    np.testing.assert_allclose(run(model, values), exact, rtol=1e-6, atol=1e-7)
