"""Fits a forest to a sample of windows and packs it for the operators that score."""

import lzma
from base64 import b64encode
from typing import Final

import numpy as np

from models.features import FOREST_FEATURES
from models.isolation_forest.grow import grow_trees, sampled_rows
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.onnx_export import SAMPLES, TREES, to_onnx
from models.isolation_forest.registry import to_feature_row
from models.isolation_forest.tree_arrays import Doubles, Floats, TreeArrays

MIN_ROWS: Final = 128
BULK: Final = (0.6, 0.85)
"""Two quantiles of the scores, whose distance says how far apart ordinary windows lie. A tenth of odd rows moves them to the
0.67 and 0.94 quantiles of the others; the few largest scores would be the odd rows' own."""

THRESHOLD_SPREADS: Final = 3.65
"""From the lower quantile of `BULK` to the threshold, in distances between the two. Of a normal distribution 0.1 % lie beyond;
scores are skewed (`python -m infra.bench.forest_alarms` prints what share of windows without cause does)."""

MIN_THRESHOLD: Final = 0.7
"""Lower limit of a forest's threshold, however alike its training rows were. Of ordinary windows 0.3 % score above 0.56 to 0.69,
by world, and those of a bot above 0.72; where readers are very unlike each other the bulk alone does not tell how far some go."""


def fit_trees(rows: Floats, seed: int, spreads: float = THRESHOLD_SPREADS) -> tuple[TreeArrays, float]:
    """Returns a forest over `rows` and the score from which a window is anomalous.

    A tree sees at most half of the rows, so that every row is scored by trees that have not seen it.
    """
    samples = min(SAMPLES, len(rows) // 2)
    trees = grow_trees(rows, seed, TREES, samples)
    scores = trees.out_of_bag_scores(rows, sampled_rows(len(rows), seed, TREES, samples))
    return trees, threshold_of(scores, spreads)


def threshold_of(scores: Doubles, spreads: float = THRESHOLD_SPREADS) -> float:
    """Returns the threshold for the scores of rows that the trees have not seen."""
    low, high = np.nanquantile(scores, BULK)
    return max(float(low + spreads * (high - low)), MIN_THRESHOLD)


def refit(content_type: str, epoch: int, rows: list[tuple[float, ...]]) -> RefitMessage:
    """Fits a forest to `rows`; the same rows in the same order give the same bytes."""
    if len(rows) < MIN_ROWS:
        return RefitMessage(content_type, epoch, "skipped")
    trees, threshold = fit_trees(np.concatenate([to_feature_row(row) for row in rows]), epoch % 2**31)
    # Each checkpoint writes every forest in force. LZMA finds repetitions in the model that lie further apart than zlib looks.
    packed = b64encode(lzma.compress(to_onnx(trees), preset=1)).decode("ascii")
    return RefitMessage(content_type, epoch, "fitted", threshold, packed, FOREST_FEATURES)
