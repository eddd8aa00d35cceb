"""Number of floating-point operations of a traced function, from its graph.

Only operations that the outputs and the assigned variables need are counted, because a compiler
drops the others. A product of matrices counts as 2 m n k. Other arithmetic counts as one for each
number of its result, or of its input if it is a sum. Loops count as zero, because a graph does not
give their number of turns.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

__all__ = ["HOST_OPERATIONS", "Operations", "count_operations", "host_operations"]

HOST_OPERATIONS = frozenset({"EagerPyFunc", "PrintV2", "PyFunc", "PyFuncStateless"})
"""Operations that call Python from a compiled step."""

_PRODUCTS = frozenset({"BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "MatMul"})
_CONVOLUTIONS = frozenset({"Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput"})
_REDUCTIONS = frozenset({"L2Loss", "Max", "Mean", "Min", "Prod", "Sum"})
_ELEMENTWISE = frozenset(
    {
        "Abs",
        "Add",
        "AddV2",
        "AssignAddVariableOp",
        "AssignSubVariableOp",
        "Atan2",
        "BesselI0e",
        "BiasAdd",
        "BiasAddGrad",
        "Cos",
        "Cosh",
        "Cumsum",
        "Div",
        "DivNoNan",
        "Erf",
        "Exp",
        "Expm1",
        "Floor",
        "FloorMod",
        "Log",
        "Log1p",
        "Maximum",
        "Minimum",
        "Mul",
        "MulNoNan",
        "Neg",
        "Pow",
        "RealDiv",
        "Reciprocal",
        "ReciprocalGrad",
        "Relu",
        "ReluGrad",
        "Rsqrt",
        "RsqrtGrad",
        "Sigmoid",
        "SigmoidGrad",
        "Sin",
        "Sinh",
        "Softmax",
        "Softplus",
        "SoftplusGrad",
        "Sqrt",
        "SqrtGrad",
        "Square",
        "SquaredDifference",
        "Sub",
        "Tan",
        "Tanh",
        "TanhGrad",
        "UnsortedSegmentSum",
        "Xlogy",
    }
)


class Operations(NamedTuple):
    """Counted operations.

    Attributes:
        products: operations of matrix products and convolutions.
        others: operations of all other arithmetic.
    """

    products: float
    others: float

    @property
    def total(self) -> float:
        """Number of all operations."""
        return self.products + self.others


def count_operations(concrete: Any) -> Operations:
    """Count the operations of a concrete function, such as `get_concrete_function` returns.

    Operations without static shapes count as zero.
    """
    products, others = 0.0, 0.0
    for operation in _needed(concrete.graph):
        if operation.type in _PRODUCTS or operation.type in _CONVOLUTIONS:
            products += _of_product(operation)
        elif operation.type in _REDUCTIONS or operation.type in _ELEMENTWISE:
            others += _of_arithmetic(operation)
        elif operation.type == "AddN":
            others += (len(operation.inputs) - 1) * _size(operation.outputs[0])
    return Operations(products, others)


def host_operations(concrete: Any) -> int:
    """Number of operations of a concrete function that call Python."""
    return sum(operation.type in HOST_OPERATIONS for operation in _needed(concrete.graph))


def _needed(graph: Any) -> Iterable[Any]:
    """The operations that outputs and side effects need."""
    open_ones = [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    found: dict[str, Any] = {}
    while open_ones:
        operation = open_ones.pop()
        if operation.name not in found:
            found[operation.name] = operation
            open_ones += [tensor.op for tensor in operation.inputs]
            open_ones += operation.control_inputs
    return found.values()


def _size(tensor: Any) -> float:
    """Number of entries of a tensor; 0 for an unknown shape and for integers."""
    if not (tensor.dtype.is_floating and tensor.shape.is_fully_defined()):
        return 0.0
    return float(tensor.shape.num_elements())


def _of_arithmetic(operation: Any) -> float:
    if operation.type in _REDUCTIONS:
        return _size(operation.inputs[0])
    if operation.type.startswith("Assign"):  # input 1 is the assigned number
        return _size(operation.inputs[1])
    return _size(operation.outputs[0])


def _of_product(operation: Any) -> float:
    if operation.type in _CONVOLUTIONS:
        return _of_convolution(operation)
    transposed = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
    shape = operation.inputs[0].shape
    if not shape.is_fully_defined():
        return 0.0
    return 2.0 * _size(operation.outputs[0]) * int(shape[-2 if transposed else -1])


def _of_convolution(operation: Any) -> float:
    """Twice the places, pairs of channels and kernel cells; both gradients cost as much."""
    if operation.type == "Conv2D":
        kernel, image = operation.inputs[1], operation.outputs[0]
    elif operation.type == "Conv2DBackpropInput":
        kernel, image = operation.inputs[1], operation.inputs[2]
    else:
        kernel, image = operation.outputs[0], operation.inputs[2]
    if not (kernel.shape.is_fully_defined() and image.shape.is_fully_defined()):
        return 0.0
    batch, height, width = (int(size) for size in image.shape[:3])  # NHWC
    return 2.0 * batch * height * width * math.prod(int(size) for size in kernel.shape)
