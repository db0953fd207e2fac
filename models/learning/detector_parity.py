"""Compares an exported detector with its training code, on rows that are chosen to tell them apart."""

from typing import Final

import numpy as np

from models.isolation_forest.tree_arrays import TreeArrays
from models.learning.columns import Floats
from models.learning.detectors import DetectorScores, FittedDetector
from models.learning.parity import PARITY_ROWS, Parity, largest_difference, with_neighbours

_AT_SPLITS: Final = 0.15
"""Share of values that stand at the threshold of a split, or are the float32 next to it."""


def wild_rows(rows: Floats, forest: TreeArrays, number: int, seed: int) -> Floats:
    """Rows drawn from `rows` (rows, features), some values at thresholds of the forest's splits and at their neighbours, every
    twentieth unknown, some multiplied by up to a million, some infinite."""
    random = np.random.default_rng(seed)
    made: Floats = rows[random.integers(0, len(rows), number)].copy()
    for place in range(made.shape[1]):
        edges = with_neighbours(forest.threshold[(forest.left >= 0) & (forest.feature == place)])
        if len(edges):
            changed = random.random(number // 2) < _AT_SPLITS
            made[: number // 2][changed, place] = random.choice(edges, int(changed.sum()))
    made[number // 2 :] *= 10.0 ** random.uniform(-6.0, 6.0, made[number // 2 :].shape).astype(np.float32)
    made[random.random(made.shape) < 0.05] = np.nan
    for value in (np.inf, -np.inf, np.finfo(np.float32).max, 0.0):
        made[random.random(made.shape) < 0.002] = value
    made[0] = np.nan
    return made


def compare_detector(
    fitted: FittedDetector, exported: DetectorScores, seen: Floats, seed: int, rows: int = PARITY_ROWS
) -> Parity:
    """Returns the largest difference of any member; a row that one of the two does not score at all differs without bound."""
    asked = wild_rows(seen, fitted.forest, rows, seed)
    ours, theirs = fitted.raw(asked), exported.raw(asked)
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return Parity(rows, float("inf"))
    known = ~np.isnan(ours)
    return Parity(rows, largest_difference(ours[known], theirs[known]))
