"""Checks of an ONNX graph before it is run: what it may hold, and what it may not."""

from collections.abc import Iterator
from typing import Any, Final

from models.announced.errors import ModelRefusedError
from models.announced.onnx_cost import require_bounded

DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml")
"""Whose operators a graph may use: the standard ones."""

# fmt: off
OPERATORS: Final = frozenset((
    # Value by value.
    "Abs", "Add", "And", "Asin", "Asinh", "Atan", "Cast", "Ceil", "Clip", "Cos", "Cosh", "Div", "Elu", "Equal", "Erf",
    "Exp", "Floor", "Greater", "GreaterOrEqual", "HardSigmoid", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Less",
    "LessOrEqual", "Log", "Max", "Mean", "Min", "Mul", "Neg", "Not", "Or", "PRelu", "Pow", "Reciprocal", "Relu", "Round",
    "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Sub", "Sum", "Tan", "Tanh", "Where", "Xor",
    # Shapes and places.
    "Concat", "Constant", "Flatten", "Gather", "GatherElements", "Reshape", "Shape", "Slice", "Split", "Squeeze",
    "Transpose", "Unsqueeze",
    # Over an axis.
    "ArgMax", "ArgMin", "LogSoftmax", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSum", "ReduceSumSquare", "Softmax",
    # All else.
    "Gemm", "If", "MatMul", "TreeEnsembleRegressor",
))
# fmt: on
"""Operators of models over a row of numbers. Of the others some never end (Loop), some answer otherwise each time
(RandomNormalLike), and some make a gigabyte out of ten bytes (Expand)."""

MAX_NODES: Final = 5_000


def require_plain_graph(artefact: bytes) -> None:
    """Raises `ModelRefusedError` unless the bytes are an ONNX model that holds all it needs, and ends soon.

    A graph could name files to read its numbers from, run for ever, or take all memory. ONNX Runtime computes what is constant
    while it loads a graph, so this has to be known before.
    """
    # Not while this module is loaded: see `udfs/runtime/python_threads.py`.
    import onnx

    try:
        model = onnx.load_model_from_string(artefact)
    except Exception as error:  # protobuf's exceptions differ by implementation
        raise ModelRefusedError(f"the artefact is not ONNX: {str(error)[:100]}") from None
    if model.functions:
        raise ModelRefusedError("the graph defines functions of its own")
    nodes = 0
    for graph in _graphs(model.graph):
        if graph.sparse_initializer:
            raise ModelRefusedError("the graph holds sparse tensors")
        for tensor in graph.initializer:
            _require_inline(tensor)
        for node in graph.node:
            nodes += 1
            if node.domain not in DOMAINS:
                raise ModelRefusedError(
                    f"the graph uses operators of {node.domain[:60]!r}, which this job does not have"
                )
            if node.op_type not in OPERATORS:
                raise ModelRefusedError(f"the graph uses {node.op_type[:60]}, which is not allowed")
            for attribute in node.attribute:
                if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                    raise ModelRefusedError("the graph holds sparse tensors")
                for tensor in (attribute.t, *attribute.tensors):
                    _require_inline(tensor)
    if nodes > MAX_NODES:
        raise ModelRefusedError(f"the graph has more than {MAX_NODES} nodes")
    require_bounded(model)


def _graphs(graph: Any) -> Iterator[Any]:
    """Yields the graph and all within it."""
    waiting = [graph]
    while waiting:
        found = waiting.pop()
        yield found
        for node in found.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    waiting.append(attribute.g)
                waiting.extend(attribute.graphs)


def _require_inline(tensor: Any) -> None:
    if tensor.data_location or tensor.external_data:
        raise ModelRefusedError("the graph reads its numbers from other files")
