"""An agent's policy as an ONNX file: a stack of dense layers, from observations to an action."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

__all__ = ["Layer", "policy_graph"]

OPSET = 17
IR_VERSION = 8


class Layer(NamedTuple):
    """A dense layer.

    Attributes:
        weight: `[outputs, inputs]`.
        bias: `[outputs]`.
        activation: what follows.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    activation: Literal["Relu", "Tanh", ""]


def policy_graph(
    inputs: Mapping[str, tuple[int, ...]], layers: Sequence[Layer], bound: bool
) -> onnx.ModelProto:
    """A model from observations to `action` `[B, A]`.

    Args:
        inputs: shape of every observation without the batch axis, in the order in which they are
            joined to one row of numbers.
        layers: the layers.
        bound: whether the action is cut off at -1 and 1 at the end.
    """
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, NDArray[Any]] = {}
    rows = []
    for name, shape in inputs.items():
        constants[f"{name}_row"] = np.array([-1, int(np.prod(shape))], np.int64)
        nodes.append(helper.make_node("Reshape", [name, f"{name}_row"], [f"{name}_flat"]))
        rows.append(f"{name}_flat")
    nodes.append(helper.make_node("Concat", rows, ["row"], axis=1))
    last = "row"
    for i, layer in enumerate(layers):
        constants[f"weight_{i}"], constants[f"bias_{i}"] = layer.weight, layer.bias
        made = f"dense_{i}"
        dense = [last, f"weight_{i}", f"bias_{i}"]
        nodes.append(helper.make_node("Gemm", dense, [made], transB=1))
        last = made
        if layer.activation:
            nodes.append(helper.make_node(layer.activation, [made], [f"active_{i}"]))
            last = f"active_{i}"
    if bound:
        constants["low"], constants["high"] = np.array(-1, np.float32), np.array(1, np.float32)
        nodes.append(helper.make_node("Clip", [last, "low", "high"], ["action"]))
    else:
        nodes.append(helper.make_node("Identity", [last], ["action"]))
    dim = len(layers[-1].bias)
    graph = helper.make_graph(
        nodes,
        "policy",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", *shape])
            for name, shape in inputs.items()
        ],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["B", dim])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="fag_tf"
    )
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model
