"""Short names within an ONNX graph, whose long ones would take a third of the file."""

import onnx

__all__ = ["with_short_names"]


def with_short_names(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with a number for the name of everything but inputs and outputs.

    A model with a graph in a graph, such as a loop's body, stays as it is.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    if any(entry.HasField("g") for node in graph.node for entry in node.attribute):
        return changed
    short = {value.name: value.name for value in (*graph.input, *graph.output)}
    short[""] = ""  # an input that is left out

    def named(name: str) -> str:
        return short.setdefault(name, f"t{len(short)}")

    for tensor in graph.initializer:
        tensor.name = named(tensor.name)
    for node in graph.node:
        node.ClearField("name")
        node.input[:] = [named(name) for name in node.input]
        node.output[:] = [named(name) for name in node.output]
    return changed
