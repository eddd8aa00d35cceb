"""Convert a function of tensors to an ONNX file that ONNX Runtime computes fast."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import onnx
import tensorflow as tf
import tf2onnx

from fag_tf._utils.environment_variables import variable
from fag_tf._utils.standard_error import quiet
from fag_tf.deployment.onnx_constants import remove_unused_constants
from fag_tf.deployment.onnx_forms import CONVERTED_OTHERWISE, with_fast_forms
from fag_tf.deployment.onnx_loops import with_steps_for_loops
from fag_tf.deployment.onnx_names import with_short_names
from fag_tf.deployment.tensor_entries import TensorEntry
from fag_tf.errors import InputError

__all__ = ["tensor_spec", "write_onnx"]

OPSET = 18  # the highest opset that tf2onnx writes

_NO_COPIES = "TF2ONNX_CATCH_ERRORS"
"""A variable that tf2onnx reads. If it is set, to whatever, the errors of passes are raised.

Then it does not copy the graph before each pass, which takes a quarter of its time.
"""


def tensor_spec(name: str, entry: TensorEntry) -> tf.TensorSpec:
    """Name, type and known sizes of a tensor."""
    fixed = [
        size if isinstance(size, int) and axis not in entry.free_axes else None
        for axis, size in enumerate(entry.shape)
    ]
    return tf.TensorSpec(fixed, entry.dtype, name)


def write_onnx(
    function: Callable[..., Mapping[str, tf.Tensor]],
    inputs: Mapping[str, TensorEntry],
    outputs: Mapping[str, TensorEntry],
    path: Path,
) -> None:
    """Write the ONNX file of a function.

    Args:
        function: takes the inputs by name and gives the outputs by name.
        inputs: every input.
        outputs: outputs whose sizes are named in the file.
        path: the file.

    Raises:
        InputError: an operation has no plain ONNX form, or the ONNX checker rejects the file.
    """
    names = list(inputs)

    @tf.function(autograph=False)
    def serving(*tensors: tf.Tensor) -> Any:
        return function(**dict(zip(names, tensors, strict=True)))

    def converted() -> onnx.ModelProto:
        proto, _ = tf2onnx.convert.from_function(
            serving,
            input_signature=[tensor_spec(name, entry) for name, entry in inputs.items()],
            opset=OPSET,
            custom_op_handlers=CONVERTED_OTHERWISE,
        )
        return proto

    # tf2onnx only logs an operation without an ONNX form, and still writes the file.
    with quiet("tf2onnx") as errors:
        proto = None
        with contextlib.suppress(Exception), variable(_NO_COPIES, "FALSE"):
            proto = converted()
        if proto is None:  # if a pass failed: with copies, that pass alone is left out
            with variable(_NO_COPIES, None):
                proto = converted()
    if errors:
        raise InputError(f"the actor has no ONNX form: {errors[0].splitlines()[0][:200]}")
    proto = with_fast_forms(with_steps_for_loops(proto))
    remove_unused_constants(proto.graph)
    proto = with_short_names(proto)
    for values, entries in ((proto.graph.input, inputs), (proto.graph.output, outputs)):
        for value in values:
            if value.name in entries:
                _name_sizes(value, entries[value.name])
    del proto.graph.value_info[:]  # sizes of inner tensors, with outdated names
    domains = {node.domain for node in proto.graph.node} - {"", "ai.onnx"}
    if domains:
        raise InputError(f"the actor has no plain ONNX form: it uses operators of {domains}")
    try:
        onnx.checker.check_model(proto, full_check=True)
    except Exception as error:  # checker and shape inference raise different errors
        raise InputError(f"the ONNX checker rejects the actor: {str(error)[:200]!r}") from error
    path.write_bytes(proto.SerializeToString())


def _name_sizes(value: onnx.ValueInfoProto, entry: TensorEntry) -> None:
    shape = value.type.tensor_type.shape
    del shape.dim[:]
    for axis, size in enumerate(entry.shape):
        if axis in entry.free_axes:
            shape.dim.add().dim_param = f"{value.name}_axis_{axis}"
        elif isinstance(size, int):
            shape.dim.add().dim_value = size
        else:
            shape.dim.add().dim_param = size
