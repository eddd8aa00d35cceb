import os

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx

from fag_tf.deployment.onnx_writing import write_onnx
from fag_tf.deployment.tensor_entries import Component, TensorEntry
from fag_tf.errors import InputError

NUMBERS = (Component("number"),)
INPUTS = {
    "scale": TensorEntry(("B", 2), NUMBERS),
    "latent": TensorEntry(("B", "N", 2), NUMBERS),
}
OUTPUTS = {"action": TensorEntry(("B", "N", 2), NUMBERS)}


def scaled(scale, latent):
    point = latent * scale[:, None]
    (point,) = tf.while_loop(
        lambda *_: True, lambda x: (0.5 * (x + tf.sin(x)),), (point,), maximum_iterations=3
    )
    return {"action": point, "other": tf.reduce_sum(point, axis=-1)}


def test_the_file_computes_the_function_for_any_sizes(tmp_path):
    write_onnx(scaled, INPUTS, OUTPUTS, tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    rng = np.random.default_rng(0)
    for states, count in ((1, 1), (3, 7)):
        scale = rng.normal(size=(states, 2)).astype(np.float32)
        latent = rng.normal(size=(states, count, 2)).astype(np.float32)
        (action,) = session.run(["action"], {"scale": scale, "latent": latent})
        np.testing.assert_allclose(action, scaled(scale, latent)["action"], atol=1e-6)


def test_sizes_have_the_names_of_the_card_and_loops_are_gone(tmp_path):
    write_onnx(scaled, INPUTS, OUTPUTS, tmp_path / "a.onnx")
    graph = onnx.load(tmp_path / "a.onnx").graph
    sizes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert sizes["latent"] == sizes["action"] == ["B", "N", 2]
    assert sizes["scale"] == ["B", 2]
    assert "Loop" not in {node.op_type for node in graph.node}


def test_an_operation_without_an_onnx_form_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(InputError, match="no ONNX form"):
        write_onnx(
            lambda scale, latent: {"action": latent * tf.math.erfinv(scale)[:, None]},
            INPUTS,
            OUTPUTS,
            tmp_path / "a.onnx",
        )
    assert not list(tmp_path.iterdir())


@pytest.fixture
def copied(monkeypatch):
    """Whether each optimisation of a graph was to copy it before each pass."""
    seen, optimize = [], tf2onnx.optimizer.optimize_graph

    def watched(graph, catch_errors=True, optimizers=None):
        seen.append(catch_errors)
        return optimize(graph, catch_errors, optimizers)

    monkeypatch.setattr("tf2onnx.optimizer.optimize_graph", watched)
    return seen


def test_graphs_are_not_copied_before_each_pass(copied, tmp_path, monkeypatch):
    monkeypatch.setenv("TF2ONNX_CATCH_ERRORS", "TRUE")
    write_onnx(scaled, INPUTS, OUTPUTS, tmp_path / "a.onnx")
    assert copied == [False]
    assert os.environ["TF2ONNX_CATCH_ERRORS"] == "TRUE"


def test_a_pass_of_the_converter_that_fails_is_left_out(copied, tmp_path, monkeypatch):
    class Failing(tf2onnx.optimizer.GlobalPoolOptimizer):
        def _optimize(self, graph):
            raise RuntimeError("cannot do this graph")

    passes = {**tf2onnx.optimizer._get_optimizers(), "global_pool_optimizer": Failing}
    monkeypatch.setattr("tf2onnx.optimizer._optimizers", passes)
    write_onnx(scaled, INPUTS, OUTPUTS, tmp_path / "a.onnx")
    assert copied == [False, True]
    onnxruntime.InferenceSession(tmp_path / "a.onnx")
    assert "TF2ONNX_CATCH_ERRORS" not in os.environ
