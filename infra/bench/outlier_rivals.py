"""Scores outliers as PyOD's kNN, ECOD and HBOS do, in numpy: what anomaly models are compared with."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

NEIGHBOURS: Final = 5
BINS: Final = 10
_CHUNK: Final = 512
_ALPHA: Final = 0.1
"""Added to a bin's density, as PyOD does: an empty bin has no logarithm."""


def nearest_neighbours(rows: NDArray[Any], neighbours: int = NEIGHBOURS) -> Doubles:
    """Distance to the fifth nearest other row, features scaled to deviation 1. Ramaswamy et al. (2000), SIGMOD.

    >>> nearest_neighbours(np.array([[0.0], [1.0], [2.0], [9.0]]), neighbours=1).argmax()
    np.int64(3)
    """
    rows = rows.astype(np.float64)
    spread = rows.std(axis=0)
    scaled = (rows - rows.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    squares = (scaled**2).sum(axis=1)
    found = np.empty(len(rows))
    for first in range(0, len(rows), _CHUNK):
        part = scaled[first : first + _CHUNK]
        apart = squares[first : first + _CHUNK, None] + squares - 2.0 * part @ scaled.T
        # The nearest row is the row itself.
        found[first : first + _CHUNK] = np.partition(apart, neighbours, axis=1)[:, neighbours]
    distances: Doubles = np.sqrt(np.maximum(found, 0.0))
    return distances


def ecod(rows: NDArray[Any]) -> Doubles:
    """Sum of the logarithms of empirical tail probabilities: left, right or by skewness. Li et al. (2022), IEEE TKDE."""
    rows = rows.astype(np.float64)
    left, right = _tails(rows), _tails(-rows)
    centred = rows - rows.mean(axis=0)
    by_skewness = np.where((centred**3).mean(axis=0) < 0.0, left, right)
    largest: Doubles = np.maximum.reduce([left, right, by_skewness]).sum(axis=1)
    return largest


def _tails(rows: Doubles) -> Doubles:
    """Minus the logarithm of the share of values that are at most this one, by feature."""
    shares = np.empty_like(rows)
    for place, column in enumerate(rows.T):
        shares[:, place] = np.searchsorted(np.sort(column), column, side="right") / len(column)
    return -np.log(shares)


def hbos(rows: NDArray[Any], bins: int = BINS) -> Doubles:
    """Sum of the logarithms of one by the density in equal bins. Goldstein and Dengel (2012), KI."""
    total = np.zeros(len(rows))
    for column in rows.T.astype(np.float64):
        if column.min() == column.max():
            continue
        density, edges = np.histogram(column, bins, density=True)
        place = np.clip(np.searchsorted(edges, column, side="right") - 1, 0, bins - 1)
        total -= np.log2(density[place] + _ALPHA)
    return total
