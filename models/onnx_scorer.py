"""Runs a model of one input `x` and one output `y` on one row at a time, in microseconds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.onnx_session import open_session

Floats = NDArray[np.float32]


class OnnxScorer:
    """A loaded model, with one thread since a slot is one core. Raises ValueError for bytes that are no such model."""

    def __init__(self, model: bytes) -> None:
        session = open_session(model, "a model that ONNX Runtime takes")
        inputs, outputs = session.get_inputs(), [each.name for each in session.get_outputs()]
        if [each.name for each in inputs] != ["x"] or "y" not in outputs:
            names = ", ".join([*(each.name for each in inputs), *outputs])
            raise ValueError(f"the model has the inputs and outputs {names}; expected x and y")
        if inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 2:
            raise ValueError(f"x is {inputs[0].type} {inputs[0].shape}; expected float32 of (rows, features)")
        self._run: Any = session.run
        width = inputs[0].shape[1]
        self.features: int | None = width if isinstance(width, int) else None
        """Columns of `x`; None where the model does not say."""
        self.explains = "contribution" in outputs

    def score(self, row: Floats) -> list[float]:
        """Returns `y` of `row` (1, features)."""
        found: list[float] = self._run(["y"], {"x": row})[0].ravel().tolist()
        return found

    def scores(self, rows: Floats) -> Floats:
        """Returns `y` (rows, outputs) of many rows."""
        found: Floats = self._run(["y"], {"x": rows})[0]
        return found

    def explain(self, row: Floats) -> Sequence[float]:
        """Returns how much each feature added to the score; empty where the model does not tell."""
        if not self.explains:
            return []
        found: list[float] = self._run(["contribution"], {"x": row})[0].ravel().tolist()
        return found
