"""Loops of a fixed and small number of steps, as these steps one after another.

ONNX Runtime spends more time on entering a loop's body than on a few small operations in it, and it
merges nothing across steps.
"""

from collections.abc import Iterator
from typing import Any

import onnx
from onnx import numpy_helper

__all__ = ["with_steps_for_loops"]

_MOST_STEPS = 16


def with_steps_for_loops(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the steps of each short loop in place of the loop.

    A loop is short if its number of steps is a constant of at most 16, whatever it computes, and it
    gathers nothing step by step. `tf.while_loop` gives this form to a loop whose only condition is
    `maximum_iterations`.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    constants = {tensor.name: tensor for tensor in changed.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in changed.graph.node:
        steps = _steps_of(node, constants)
        nodes += [node] if steps is None else _steps(node, steps, changed.graph)
    del changed.graph.node[:]
    changed.graph.node.extend(nodes)
    return changed


def _body(loop: onnx.NodeProto) -> Any:
    return next(entry.g for entry in loop.attribute if entry.name == "body")


def _steps_of(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> int | None:
    """Number of steps of a short loop; None for anything else."""
    if node.op_type != "Loop" or node.input[0] not in constants:
        return None
    body = _body(node)
    gathers = len(body.output) - 1 != len(node.input) - 2
    nested = any(entry.HasField("g") for inner in body.node for entry in inner.attribute)
    steps = int(numpy_helper.to_array(constants[node.input[0]]))
    fixed = 1 <= steps <= _MOST_STEPS and not _looks_at_values(body)
    return steps if fixed and not gathers and not nested else None


def _looks_at_values(body: Any) -> bool:
    """Whether the condition to go on depends on more than the number of steps done."""
    made_by = {name: node for node in body.node for name in node.output}
    values = {value.name for value in body.input[1:]}
    open_names = [body.output[0].name]
    while open_names:
        name = open_names.pop()
        if name in values:
            return True
        open_names += made_by[name].input if name in made_by else []
    return False


def _steps(loop: onnx.NodeProto, steps: int, graph: Any) -> Iterator[onnx.NodeProto]:
    """The operations of all steps. The constants of the body become constants of the graph."""
    body = _body(loop)
    prefix = loop.name or loop.output[0]
    common = {}
    for tensor in body.initializer:
        kept = graph.initializer.add()
        kept.CopyFrom(tensor)
        kept.name = common[tensor.name] = f"{prefix}/{tensor.name}"
    counter, condition, *carried = (value.name for value in body.input)
    values = list(loop.input[2:])
    results = [value.name for value in body.output][1:]
    for step in range(steps):
        last = step == steps - 1
        own = common | dict(zip(carried, values, strict=True))
        own |= {counter: f"{prefix}/{step}/counter", condition: loop.input[1]}
        number = graph.initializer.add()
        number.CopyFrom(onnx.helper.make_tensor(own[counter], onnx.TensorProto.INT64, [], [step]))
        if last:
            own |= {
                name: output
                for name, output in zip(results, loop.output, strict=True)
                if output and name not in own
            }
        for node in body.node:
            made = onnx.NodeProto()
            made.CopyFrom(node)
            made.name = f"{prefix}/{step}/{node.name}"
            for i, name in enumerate(node.input):
                made.input[i] = own.get(name, name)
            for i, name in enumerate(node.output):
                made.output[i] = own.setdefault(name, f"{prefix}/{step}/{name}")
            yield made
        values = [own.get(name, name) for name in results]
    for value, output in zip(values, loop.output, strict=True):
        if output and value != output:
            # What a loop hands on unchanged.
            yield onnx.helper.make_node("Identity", [value], [output], f"{output}/kept")
