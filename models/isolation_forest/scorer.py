"""Scores one row at a time with an Isolation Forest, in microseconds. Export: `models/isolation_forest/onnx_export.py`."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.onnx_session import open_session

Floats = NDArray[np.float32]
_YES: Final = np.array(True)
_NO: Final = np.array(False)


class ForestScorer:
    """A loaded forest, with one thread since a slot is one core. Raises ValueError for bytes that are no such model."""

    def __init__(self, model: bytes) -> None:
        session = open_session(model, "an ONNX forest")
        names = [each.name for each in (*session.get_inputs(), *session.get_outputs())]
        if names != ["x", "explain", "score", "contribution"]:
            raise ValueError(f"not an ONNX forest: inputs and outputs are {', '.join(names)}")
        self._run: Any = session.run
        self.features = int(session.get_inputs()[0].shape[1])

    def score(self, row: Floats) -> float:
        """Returns the anomaly score of `row` (1, features), 0 to 1; about 0.5 is ordinary."""
        return float(self._run(["score"], {"x": row, "explain": _NO})[0][0, 0])

    def scores(self, rows: Floats) -> Floats:
        """Returns the score of each of many rows."""
        found: Floats = self._run(["score"], {"x": rows, "explain": _NO})[0]
        return found

    def explain(self, row: Floats) -> tuple[float, list[float]]:
        """Returns the score, and the contribution of each feature in units of the average path length."""
        scores, contributions = self._run(["score", "contribution"], {"x": row, "explain": _YES})
        return float(scores[0, 0]), [float(part) for part in contributions[0]]
