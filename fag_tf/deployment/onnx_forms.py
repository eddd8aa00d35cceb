"""Forms of operations that ONNX Runtime computes faster than those that the converter chooses.

The results stay the same up to rounding.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["CONVERTED_OTHERWISE", "with_fast_forms"]


def _as_where(_: Any, node: Any, __: str, ___: list[Any]) -> Any:
    """Convert a choice to the operator `Where`, not to two products and a sum."""
    node.type = "Where"
    return node


def _as_softplus(context: Any, node: Any, _: str, __: list[Any]) -> None:
    """Convert log(1 + exp(x)) to max(x, 0) + log(1 + exp(-|x|)).

    The operator `Softplus` takes five times as long for many numbers.
    """
    source, output = node.input[0], node.output[0]
    shapes, types = [context.get_shape(output)], [context.get_dtype(output)]
    one = context.make_const(f"{node.name}_one", np.float32(1.0)).output[0]
    context.remove_node(node.name)

    def made(kind: str, *inputs: str) -> str:
        return str(context.make_node(kind, list(inputs), shapes=shapes, dtypes=types).output[0])

    small = made("Exp", made("Neg", made("Abs", source)))
    parts = [made("Relu", source), made("Log", made("Add", small, one))]
    context.make_node("Add", parts, outputs=[output], shapes=shapes, dtypes=types)


CONVERTED_OTHERWISE: dict[str, Any] = {
    "SelectV2": (_as_where, []),
    "Softplus": (_as_softplus, []),
}
"""Operations that are converted here, for `tf2onnx.convert.from_function`."""


def with_fast_forms(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with fewer and faster operations.

    Each operation takes about a microsecond, however little it does. So a slice that keeps all is
    left out, and the slice and the squeeze that take one place of an axis become one `Gather`.
    Look-ups in a single row become `GatherElements`: `Gather` copies blocks of any size, and for
    single numbers it takes several times as long.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for change in (_without_idle_slices, _with_single_places, _with_fast_lookups):
        nodes = change(changed)
        del changed.graph.node[:]
        changed.graph.node.extend(nodes)
    return changed


# The converter means "to the end" by the ends from here on.
_NO_END = 10**9


def _constants(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Values of the model's constants by name."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensors[node.output[0]] = node.attribute[0].t
    return {name: numpy_helper.to_array(tensor) for name, tensor in tensors.items()}


def _bounds(
    node: onnx.NodeProto, constants: dict[str, NDArray[Any]]
) -> dict[int, tuple[int, int]] | None:
    """Begin and end of a slice by axis, if both are constant and it skips nothing in between."""
    if node.op_type != "Slice" or not all(name in constants for name in node.input[1:] if name):
        return None
    begins, ends, *rest = (constants[name].tolist() for name in node.input[1:] if name)
    axes = rest[0] if rest else list(range(len(begins)))
    if len(rest) > 1 and set(rest[1]) != {1}:
        return None
    return {axis: (begin, end) for axis, begin, end in zip(axes, begins, ends, strict=True)}


def _without_idle_slices(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    constants = _constants(model)
    kept, given = [], {output.name for output in model.graph.output}
    same: dict[str, str] = {}
    for node in model.graph.node:
        bounds = _bounds(node, constants)
        for i, name in enumerate(node.input):
            node.input[i] = same.get(name, name)
        idle = bounds is not None and all(
            begin == 0 and end >= _NO_END for begin, end in bounds.values()
        )
        if idle and node.output[0] not in given:
            same[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    return kept


def _with_single_places(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    constants = _constants(model)
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    given = {output.name for output in model.graph.output}
    taken: dict[str, tuple[str, int, int]] = {}
    nodes = []
    for node in model.graph.node:
        place = _single_place(node, constants)
        after = users.get(node.output[0], [])
        squeezed = len(after) == 1 and after[0].op_type == "Squeeze" and len(after[0].input) == 2
        axes = constants.get(after[0].input[1]) if squeezed else None
        single = place is not None and axes is not None and axes.tolist() == [place[0]]
        if place is not None and single and node.output[0] not in given:
            taken[node.output[0]] = (node.input[0], *place)
        elif node.op_type == "Squeeze" and node.input[0] in taken:
            nodes += _place_of(*taken[node.input[0]], node.output[0])
        else:
            nodes.append(node)
    return nodes


def _single_place(
    node: onnx.NodeProto, constants: dict[str, NDArray[Any]]
) -> tuple[int, int] | None:
    """Axis and place of a slice that keeps a single place of one axis, and all of the others."""
    bounds = _bounds(node, constants) or {}
    cut = [
        (axis, begin)
        for axis, (begin, end) in bounds.items()
        if (begin, end >= _NO_END) != (0, True)
    ]
    # ONNX Runtime takes a `Gather` of one axis for a size, and mixes up the types of sizes.
    if len(cut) != 1 or len(bounds) == 1:
        return None
    axis, begin = cut[0]
    end = bounds[axis][1]
    last = begin == -1 and end >= _NO_END
    return (axis, begin) if axis >= 0 and (last or 0 <= begin == end - 1) else None


def _place_of(source: str, axis: int, place: int, output: str) -> list[onnx.NodeProto]:
    number = helper.make_tensor(f"{output}_place", onnx.TensorProto.INT64, [], [place])
    name = f"{output}_number"
    return [
        helper.make_node("Constant", [], [name], f"{output}_which", value=number),
        helper.make_node("Gather", [source, name], [output], f"{output}_of", axis=axis),
    ]


def _with_fast_lookups(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    # Indices need the row's own rank, so they are flattened before.
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
    return nodes


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
