"""Predicts from one row at a time with a model of ONNX, in microseconds. Export: `models/learning/onnx_export.py`."""

from typing import Any

from models.artefact_bytes import require_onnx
from models.learning.columns import Floats


class PredictionScorer:
    """A loaded model, with one thread since a slot is one core. Raises ValueError for bytes that are no such model."""

    def __init__(self, model: bytes) -> None:
        require_onnx(model)
        # Not while this module is loaded, as in `models/isolation_forest/scorer.py`.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime documents no exception types
            raise ValueError(f"not an ONNX model: {str(error)[:200]}") from error
        names = [each.name for each in (*session.get_inputs(), *session.get_outputs())]
        if names != ["x", "y"]:
            raise ValueError(f"not a prediction model: inputs and outputs are {', '.join(names)}, not x and y")
        self._run: Any = session.run
        self.features = int(session.get_inputs()[0].shape[1])
        self.outputs = int(session.get_outputs()[0].shape[1])
        """1 for a number; the number of classes for probabilities."""

    def predict(self, rows: Floats) -> Floats:
        """Returns `y` (rows, outputs) for inputs (rows, features)."""
        predicted: Floats = self._run(["y"], {"x": rows})[0]
        return predicted
