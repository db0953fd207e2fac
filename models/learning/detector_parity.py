"""Compares an exported detector with its training code, on rows that are chosen to tell them apart."""

import numpy as np

from models.learning.columns import Floats
from models.learning.detectors import DetectorScores, FittedDetector
from models.learning.parity import PARITY_ROWS, Parity, largest_difference


def wild_rows(rows: Floats, number: int, seed: int) -> Floats:
    """Rows drawn from `rows` with every twentieth value unknown, some multiplied by up to a million, some infinite."""
    random = np.random.default_rng(seed)
    made: Floats = rows[random.integers(0, len(rows), number)].copy()
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
    asked = wild_rows(seen, rows, seed)
    ours, theirs = fitted.raw(asked), exported.raw(asked)
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return Parity(rows, float("inf"))
    known = ~np.isnan(ours)
    return Parity(rows, largest_difference(ours[known], theirs[known]))
