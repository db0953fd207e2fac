"""Loads a model of length or tone from its bytes, as the job does."""

from models.announced.artefact import require_onnx
from models.announced.onnx_graph import require_plain_graph
from models.onnx_scorer import OnnxScorer


def load_scorer(artefact: bytes) -> OnnxScorer:
    """Loads a model. Raises ValueError for bytes that are none; a pickle is refused unopened."""
    require_onnx(artefact)
    require_plain_graph(artefact)
    return OnnxScorer(artefact)
