import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from fag_tf.deployment.onnx_names import with_short_names

LONG = "a/very/long/name/of/a/part/of/a/network"


def sum_of_squares():
    nodes = [
        helper.make_node("Mul", ["x", "x"], [f"{LONG}/squares"], f"{LONG}/mul"),
        helper.make_node("Clip", [f"{LONG}/squares", "", f"{LONG}/most"], [f"{LONG}/kept"]),
        helper.make_node("ReduceSum", [f"{LONG}/kept"], ["total"], keepdims=0),
    ]
    values = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [3]),
        helper.make_tensor_value_info("total", TensorProto.FLOAT, []),
    ]
    most = helper.make_tensor(f"{LONG}/most", TensorProto.FLOAT, [], [4.0])
    graph = helper.make_graph(nodes, "graph", values[:1], values[1:], [most])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def test_the_answers_stay_and_the_file_is_shorter():
    model = sum_of_squares()
    short = with_short_names(model)
    onnx.checker.check_model(short, full_check=True)
    numbers = np.array([1.0, 2.0, 3.0], np.float32)
    session = onnxruntime.InferenceSession(short.SerializeToString())
    assert session.run(["total"], {"x": numbers})[0] == 1.0 + 4.0 + 4.0
    assert LONG.encode() not in short.SerializeToString()
    assert LONG.encode() in model.SerializeToString()


def test_a_graph_within_the_graph_stays_as_it_is():
    model = sum_of_squares()
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("If", ["x"], [], then_branch=body, else_branch=body))
    assert with_short_names(model) == model
