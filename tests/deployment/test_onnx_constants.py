import numpy as np
from onnx import TensorProto, helper, numpy_helper

from fag_tf.deployment.onnx_constants import remove_unused_constants


def value(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])


def test_only_what_nothing_reads_goes():
    body = helper.make_graph(
        [helper.make_node("Add", ["x", "read_inside"], ["sum"])], "body", [], [value("sum")]
    )
    other = helper.make_graph([], "other", [], [value("given_inside")])
    nodes = [
        helper.make_node("Cast", ["read"], ["yes"], to=TensorProto.BOOL),
        helper.make_node("If", ["yes"], ["y"], then_branch=body, else_branch=other),
    ]
    names = ("read", "unused", "read_inside", "given_inside", "given", "unused too")
    constants = [numpy_helper.from_array(np.ones(1, np.float32), name) for name in names]
    outputs = [value("y"), value("given")]
    graph = helper.make_graph(nodes, "graph", [value("x")], outputs, constants)
    remove_unused_constants(graph)
    left = [tensor.name for tensor in graph.initializer]
    assert left == ["read", "read_inside", "given_inside", "given"]
