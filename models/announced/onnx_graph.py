"""Checks of an ONNX graph before it is run: what it may hold, and what it may not."""

from collections.abc import Iterator
from typing import Any, Final

from models.announced.errors import ModelRefusedError

DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml")
"""Whose operators a graph may use: the standard ones."""

REFUSED_OPERATORS: Final = frozenset(
    ("Loop", "Scan", "SequenceMap", "RandomNormal", "RandomUniform", "Bernoulli", "Multinomial")
)
"""What may never end, and what gives another score each time."""

MAX_NODES: Final = 5_000


def require_plain_graph(artefact: bytes) -> None:
    """Raises `ModelRefusedError` unless the bytes are an ONNX model that holds all it needs, and ends.

    A graph could name files to read its numbers from, or run for ever.
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
        for tensor in graph.initializer:
            _require_inline(tensor)
        for node in graph.node:
            nodes += 1
            if node.domain not in DOMAINS:
                raise ModelRefusedError(
                    f"the graph uses operators of {node.domain[:60]!r}, which this job does not have"
                )
            if node.op_type in REFUSED_OPERATORS:
                raise ModelRefusedError(f"the graph uses {node.op_type}, which is not allowed")
            for attribute in node.attribute:
                for tensor in (attribute.t, *attribute.tensors):
                    _require_inline(tensor)
    if nodes > MAX_NODES:
        raise ModelRefusedError(f"the graph has more than {MAX_NODES} nodes")


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
