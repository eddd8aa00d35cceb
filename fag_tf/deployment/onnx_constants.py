"""Constants of an ONNX graph that nothing reads, of each of which ONNX Runtime would warn."""

from collections.abc import Iterator

import onnx

__all__ = ["remove_unused_constants"]


def remove_unused_constants(graph: onnx.GraphProto) -> None:
    """Remove the constants of a graph that no node of it, or of a graph in it, reads."""
    read = {*_read(graph), *(value.name for value in graph.output)}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _read(graph: onnx.GraphProto) -> Iterator[str]:
    for node in graph.node:
        yield from node.input
        for entry in node.attribute:
            if entry.HasField("g"):
                yield from _read(entry.g)
                yield from (value.name for value in entry.g.output)
