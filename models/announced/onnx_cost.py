"""Bounds what one row costs in an ONNX graph, before anything of it runs: numbers held, and steps of arithmetic."""

from collections.abc import Mapping
from math import prod
from typing import Any, Final

from models.announced.errors import ModelRefusedError

MAX_ELEMENTS: Final = 1_048_576
"""Numbers in one value: as many as an artefact of 4 MiB can hold."""

MAX_STEPS: Final = 4_000_000
"""Numbers read and written, and multiplications, for one row: some milliseconds. The models that are trained here need less than
a hundredth."""

MAX_WIDTH: Final = 256
"""Columns of an input that does not say how many it has."""

_SAME_SIZE: Final = frozenset(("Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"))
_NOT_LARGER: Final = frozenset(("GatherElements", "Shape", "Slice", "Split"))

Shape = tuple[int, ...]


class _Value:
    """The size of one value. `shape` is None where inference does not tell; `elements` is then a bound."""

    __slots__ = ("elements", "is_integer", "shape")

    def __init__(self, elements: int, shape: Shape | None = None, is_integer: bool = False) -> None:
        self.elements = elements
        self.shape = shape
        self.is_integer = is_integer


def require_bounded(model: Any) -> None:
    """Raises `ModelRefusedError` for a graph whose operators are known but which could take too much memory or time for a row."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for given in copy.graph.input:
        if not given.type.tensor_type.HasField("shape"):
            raise ModelRefusedError(f"the input {given.name[:60]!r} has no shape")
        for place, size in enumerate(given.type.tensor_type.shape.dim):
            if place == 0 or not size.HasField("dim_value"):
                size.dim_value = MAX_WIDTH if place else 1
    _forget_shapes(copy.graph, is_main=True)
    try:
        inferred = onnx.shape_inference.infer_shapes(copy, data_prop=True)
    except Exception as error:  # onnx documents no exception types
        raise ModelRefusedError(f"the sizes in the graph cannot be told: {str(error)[:100]}") from None
    steps = _Walk().graph(inferred.graph, {})
    if steps > MAX_STEPS:
        raise ModelRefusedError(f"the graph takes {steps:,} steps for a row; {MAX_STEPS:,} are allowed")


def _forget_shapes(graph: Any, is_main: bool) -> None:
    """Takes out what a graph claims of the values within: inference would believe it."""
    del graph.value_info[:]
    for output in graph.output:
        if is_main or output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _forget_shapes(attribute.g, is_main=False)


class _Walk:
    """Adds up the steps of a graph, and of those within it."""

    def graph(self, graph: Any, outer: Mapping[str, _Value]) -> int:
        """Returns the steps; leaves the sizes of the graph's outputs in `outputs`."""
        told = {each.name: _of_type(each.type) for each in (*graph.value_info, *graph.output, *graph.input)}
        values = dict(outer)
        values |= {each.name: value for each in graph.input if (value := told.get(each.name)) is not None}
        for tensor in graph.initializer:
            values[tensor.name] = _Value(prod(tensor.dims), tuple(tensor.dims), _is_integer(tensor.data_type))
        for value in values.values():
            _require_size("the graph", value.elements)
        steps = 0
        for node in graph.node:
            inputs = [values[name] for name in node.input if name in values]
            inner = [self._inner(attribute.g, values) for attribute in node.attribute if attribute.HasField("g")]
            if node.op_type == "Div" and any(each.is_integer for each in inputs):
                # The least integer divided by -1 ends the process.
                raise ModelRefusedError("the graph divides integers, which is not allowed")
            steps += sum(each for each, _ in inner) + _multiplications(node, inputs)
            bound = max((each for _, each in inner), default=0) or _bound(node, inputs)
            for name in node.output:
                known = told.get(name)
                elements = known.elements if known is not None and known.shape is not None else bound
                is_integer = known.is_integer if known is not None else any(each.is_integer for each in inputs)
                _require_size(node.op_type, elements)
                values[name] = _Value(elements, None if known is None else known.shape, is_integer)
                steps += elements
            steps += sum(each.elements for each in inputs)
        self.outputs = max((values[each.name].elements for each in graph.output if each.name in values), default=0)
        return steps

    def _inner(self, graph: Any, outer: Mapping[str, _Value]) -> tuple[int, int]:
        walk = _Walk()
        return walk.graph(graph, outer), walk.outputs


def _is_integer(element: int) -> bool:
    from onnx import TensorProto

    return element not in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)


def _require_size(what: str, elements: int) -> None:
    if elements > MAX_ELEMENTS:
        raise ModelRefusedError(f"{what} makes {elements:,} numbers at once; {MAX_ELEMENTS:,} are allowed")


def _of_type(given: Any) -> _Value:
    """The size that inference tells; without a shape where a dimension is missing."""
    tensor = given.tensor_type
    is_integer = _is_integer(tensor.elem_type)
    if not tensor.HasField("shape"):
        return _Value(0, None, is_integer)
    dims = [each.dim_value if each.HasField("dim_value") else None for each in tensor.shape.dim]
    known = [each for each in dims if each is not None]
    return _Value(prod(known), tuple(known), is_integer) if len(known) == len(dims) else _Value(0, None, is_integer)


def _bound(node: Any, inputs: list[_Value]) -> int:
    """The most numbers that an output can have, where inference does not tell."""
    sizes = [each.elements for each in inputs]
    if node.op_type == "Constant":
        return max(
            (prod(attribute.t.dims) for attribute in node.attribute if attribute.HasField("t")), default=MAX_ELEMENTS
        )
    if node.op_type == "Concat":
        return sum(sizes)
    if node.op_type == "Gather":
        return prod(sizes[:2])
    if node.op_type == "TreeEnsembleRegressor":
        return max((attribute.i for attribute in node.attribute if attribute.name == "n_targets"), default=1)
    if node.op_type in _SAME_SIZE or node.op_type in _NOT_LARGER or node.op_type.startswith(("Reduce", "Arg")):
        return sizes[0] if sizes else 0
    return prod(max(each, 1) for each in sizes)


def _multiplications(node: Any, inputs: list[_Value]) -> int:
    """At least so many as a product of matrices takes: rows x length of the sums x columns."""
    if node.op_type not in ("MatMul", "Gemm") or len(inputs) < 2:
        return 0
    left, right = inputs[0], inputs[1]
    if left.shape is not None and len(left.shape) == 2 and 1 in left.shape:
        # One row, the usual case. As one column it makes an outer product, whose numbers are counted already.
        return right.elements
    # All numbers by all numbers, by the length of the sums; transposed, that is the other side.
    sums = min(left.shape[-2:], default=1) if left.shape else 1
    return left.elements * right.elements // max(1, sums)
