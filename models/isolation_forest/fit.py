"""Fits a forest to a sample of windows and packs it for the operators that score."""

import lzma
from base64 import b64encode
from typing import Final

import numpy as np

from models.features import SESSION_NAMES
from models.isolation_forest.grow import grow_trees
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.onnx_export import SAMPLES, TREES, to_onnx
from models.isolation_forest.registry import to_feature_row

MIN_ROWS: Final = 128
ALARM_SHARE: Final = 0.002
"""Share of the training windows that score above the threshold."""

MIN_THRESHOLD: Final = 0.62
"""Lower limit of a forest's threshold, however alike its training rows were."""


def refit(content_type: str, epoch: int, rows: list[tuple[float, ...]]) -> RefitMessage:
    """Fits a forest to `rows`; the same rows in the same order give the same bytes."""
    if len(rows) < MIN_ROWS:
        return RefitMessage(content_type, epoch, "skipped")
    matrix = np.concatenate([to_feature_row(row) for row in rows])
    trees = grow_trees(matrix, epoch % 2**31, TREES, SAMPLES)
    threshold = max(float(np.quantile(trees.scores(matrix), 1.0 - ALARM_SHARE)), MIN_THRESHOLD)
    # Each checkpoint writes every forest in force. LZMA finds repetitions in the model that lie further apart than zlib looks.
    packed = b64encode(lzma.compress(to_onnx(trees), preset=1)).decode("ascii")
    return RefitMessage(content_type, epoch, "fitted", threshold, packed, SESSION_NAMES)
