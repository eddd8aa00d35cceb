"""What a SavedModel would do besides arithmetic, found before it is loaded.

A graph of TensorFlow is a program: it can read and write files, and loading it runs a part of it.
A model of this package only computes, so a graph with anything else is refused.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fag_tf.errors import InputError

__all__ = ["check_saved_model"]

_HARMLESS = frozenset(
    [
        "AssignVariableOp",
        "DisableCopyOnRead",
        "ReadVariableOp",
        "VarHandleOp",
        "VarIsInitializedOp",
        "PartitionedCall",
        "StatefulPartitionedCall",
        "If",
        "While",
        "Case",
        "Assert",
        "Placeholder",
        "NoOp",
        "RandomUniform",
        "RandomUniformInt",
        "RandomStandardNormal",
        "TruncatedNormal",
        "Multinomial",
        "DestroyResourceOp",
        "AssignAddVariableOp",
        "AssignSubVariableOp",
        "ResourceGather",
    ]
)
"""Operations with a state that is the process's own: variables, control flow, random numbers."""

_READING = frozenset(("ReadFile", "MatchingFiles"))
"""Operations that TensorFlow counts as stateless though they look at files."""


def check_saved_model(path: Path) -> None:
    """Check that a graph does nothing but compute.

    Only the two nodes of the graph that TensorFlow names as those that save and restore the
    variables may use files; nobody calls them when a model is loaded or used.

    Args:
        path: `saved_model.pb`.

    Raises:
        InputError: the file cannot be read, or the graph has another operation with an effect.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(path.read_bytes())
    except (OSError, DecodeError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    for graph in model.meta_graphs:
        effects = sorted(_operations(graph) - _HARMLESS)
        if effects := [name for name in effects if _has_effect(name)]:
            raise InputError(
                f"{path} would do more than compute ({', '.join(effects[:5])}); a model that "
                "reads or writes files or runs code is not loaded"
            )


def _operations(graph: Any) -> set[str]:
    """Names of all operations of a graph but those that only save and restore."""
    functions = {each.signature.name: each.node_def for each in graph.graph_def.library.function}
    saver = graph.saver_def
    saving = {saver.save_tensor_name.partition(":")[0], saver.restore_op_name}
    nodes = {each.name: each for each in graph.graph_def.node}
    own = [each for name, each in nodes.items() if name in saving]
    others = [each for name, each in nodes.items() if name not in saving]
    called = _called(own, functions)
    # Of the functions that the saver calls, only those that nobody else could call are left out.
    rest = set(functions) - called | set(graph.object_graph_def.concrete_functions)
    rest |= _called(others, functions)
    for name in list(rest):
        rest |= _called(functions.get(name, ()), functions)
    found = {node.op for name in rest for node in functions.get(name, ())}
    return found | {node.op for node in others}


def _called(nodes: Iterable[Any], functions: dict[str, Any]) -> set[str]:
    """Names of the functions that nodes call, and of those that these call."""
    found: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        named = [node.op] if node.op in functions else []
        for value in node.attr.values():
            named += [each.name for each in (value.func, *value.list.func) if each.name]
        for name in named:
            if name not in found:
                found.add(name)
                waiting += functions.get(name, ())
    return found


def _has_effect(operation: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    known = op_def_registry.get(operation)
    return known is None or known.is_stateful or operation in _READING
