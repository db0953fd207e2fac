"""A forest from a sample of windows, packed for its way to the operators that score."""

import lzma
from base64 import b64encode
from typing import Final

import numpy as np

from models.isolation_forest.grow import grow
from models.isolation_forest.messages import Refit
from models.isolation_forest.onnx_export import SAMPLES, TREES, to_onnx
from models.isolation_forest.registry import forest_input

LEAST_ROWS: Final = 128
ALARM_SHARE: Final = 0.002
"""Share of the training windows that score above the threshold."""

LEAST_THRESHOLD: Final = 0.62
"""No forest calls a window anomalous below this, however quiet its training rows were."""


def refit(content_type: str, epoch: int, rows: list[tuple[float, ...]]) -> Refit:
    """Fits a forest to `rows`; the same rows in the same order give the same bytes."""
    if len(rows) < LEAST_ROWS:
        return Refit(content_type, epoch, "skipped")
    matrix = np.concatenate([forest_input(row) for row in rows])
    trees = grow(matrix, epoch % 2**31, TREES, SAMPLES)
    threshold = max(float(np.quantile(trees.scores(matrix), 1.0 - ALARM_SHARE)), LEAST_THRESHOLD)
    # Each checkpoint writes every forest in force. LZMA sees what the model says twice, further apart than zlib looks.
    packed = b64encode(lzma.compress(to_onnx(trees), preset=1)).decode("ascii")
    return Refit(content_type, epoch, "fitted", threshold, packed)
