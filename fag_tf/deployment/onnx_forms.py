"""Forms of operations that ONNX Runtime computes faster than those that the converter chooses.

The results stay the same, bit by bit.
"""

from typing import Any

import onnx
from onnx import helper

__all__ = ["CONVERTED_OTHERWISE", "with_fast_lookups"]


def _as_where(_: Any, node: Any, __: str, ___: list[Any]) -> Any:
    """Convert a choice to the operator `Where`, not to two products and a sum."""
    node.type = "Where"
    return node


CONVERTED_OTHERWISE: dict[str, Any] = {"SelectV2": (_as_where, [])}
"""Operations that are converted here, for `tf2onnx.convert.from_function`."""


def with_fast_lookups(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with `GatherElements` in place of `Gather` for look-ups in a single row.

    `Gather` copies blocks of any size. For single numbers, `GatherElements` is several times
    faster. It needs indices of the row's own rank, so that they are flattened before.
    """
    inferred = onnx.shape_inference.infer_shapes(model)
    values = [*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output]
    rank = {
        value.name: len(value.type.tensor_type.shape.dim)
        for value in values
        if value.type.tensor_type.HasField("shape")
    }
    rank |= {tensor.name: len(tensor.dims) for tensor in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        axis = next((entry.i for entry in node.attribute if entry.name == "axis"), 0)
        if node.op_type != "Gather" or axis or rank.get(node.input[0]) != 1:
            nodes.append(node)
        elif rank.get(node.input[1]) == 1:
            nodes.append(_lookup(node.input[0], node.input[1], node.output[0]))
        elif rank.get(node.input[1], 0) > _FEW_AXES:
            nodes += _flat_lookup(node)
        else:
            nodes.append(node)
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    del changed.graph.node[:]
    changed.graph.node.extend(nodes)
    return changed


# Indices with more axes are many, so that flattening them is worth its three operations.
_FEW_AXES = 2


def _lookup(row: str, indices: str, output: str) -> onnx.NodeProto:
    return helper.make_node("GatherElements", [row, indices], [output], f"{output}_lookup", axis=0)


def _flat_lookup(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    row, indices, output = node.input[0], node.input[1], node.output[0]
    all_of_them = helper.make_tensor(f"{output}_all", onnx.TensorProto.INT64, [1], [-1])
    names = {name: f"{output}_{name}" for name in ("one_row", "flat", "shape", "found")}
    return [
        helper.make_node("Constant", [], [names["one_row"]], f"{output}_row", value=all_of_them),
        helper.make_node("Reshape", [indices, names["one_row"]], [names["flat"]], f"{output}_flat"),
        helper.make_node("Shape", [indices], [names["shape"]], f"{output}_shape"),
        _lookup(row, names["flat"], names["found"]),
        # A size of 0 in the shape is a size, not "as before".
        helper.make_node(
            "Reshape", [names["found"], names["shape"]], [output], f"{output}_as_was", allowzero=1
        ),
    ]
