"""Floating-point operations of a traced function, counted from its graph.

Only what the outputs and the assigned variables need is counted: what a compiler would drop is no
work. A product of matrices counts as 2 m n k, any other arithmetic as one for each number that it
gives or, where it sums up, takes. Loops, whose turns a graph does not tell, count as nothing.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

__all__ = ["HOST_OPERATIONS", "Operations", "count_operations", "host_operations"]

HOST_OPERATIONS = frozenset({"EagerPyFunc", "PrintV2", "PyFunc", "PyFuncStateless"})
"""Operations that leave a compiled step for Python."""

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
        products: of matrix products and convolutions.
        others: of all other arithmetic.
    """

    products: float
    others: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.products + self.others


def count_operations(concrete: Any) -> Operations:
    """Count those of a concrete function of static shapes, such as `get_concrete_function` gives.

    What has no static shape counts as nothing.
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
    """How many of its operations leave for Python and come back."""
    return sum(operation.type in HOST_OPERATIONS for operation in _needed(concrete.graph))


def _needed(graph: Any) -> Iterable[Any]:
    """The operations that outputs and side effects depend on."""
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
    """Numbers in it; 0 if that is not known, or if they are whole ones."""
    if not (tensor.dtype.is_floating and tensor.shape.is_fully_defined()):
        return 0.0
    return float(tensor.shape.num_elements())


def _of_arithmetic(operation: Any) -> float:
    if operation.type in _REDUCTIONS:
        return _size(operation.inputs[0])
    if operation.type.startswith("Assign"):  # its result is the variable, the second is the number
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
    """2 for each place, pair of channels and kernel cell; both ways back cost the same."""
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
