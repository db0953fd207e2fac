"""Decayed mini-batch k-means: assigns rows to centroids and moves the centroids."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Centroids:
    """`points` has one centroid a row, NaN where none of its rows knew the feature. `weights` is the decayed number of rows that
    each stands for."""

    points: Floats
    weights: Floats

    def __len__(self) -> int:
        return len(self.points)


def squared_distances(rows: Floats, points: Floats) -> Floats:
    """The squared distance of each row to each point: float64 (rows, points), infinite where they share no known feature.

    NaN is unknown. The mean square over the features that both know, times the number of features: otherwise a point of which
    less is known would be nearer to everybody.

    >>> squared_distances(np.array([[0.0, 2.0], [0.0, np.nan]]), np.array([[3.0, 6.0]])).tolist()
    [[25.0], [18.0]]
    """
    # Differences instead of the expanded square: ties and small distances stay exact.
    differences = rows[:, None, :] - points[None, :, :]
    squares = np.nansum(differences * differences, axis=2)
    if not np.isnan(differences).any():
        return np.asarray(squares, dtype=np.float64)
    shared = np.count_nonzero(~np.isnan(differences), axis=2)
    return np.where(shared > 0, squares * (rows.shape[1] / np.maximum(shared, 1)), np.inf)


def nearest(rows: Floats, points: Floats) -> Integers:
    """The index of the nearest point for each row; of equally near ones the lowest."""
    return np.asarray(np.argmin(squared_distances(rows, points), axis=1))


def updated(centroids: Centroids, rows: Floats, assigned: Integers, decay: float) -> Centroids:
    """The centroids after a batch: w' = decay w; c' = (c w' + sum x) / (w' + m); w'' = w' + m.

    A centroid without rows stays where it is and loses weight. A value that a row does not know counts as the centroid's own;
    one that the centroid does not know is the mean of the rows that do.
    `decay` is 0.5 ** (1 / half-life in batches), or 0.5 ** (elapsed time / half-life).
    """
    weights = centroids.weights * decay
    counts = np.bincount(assigned, minlength=len(centroids)).astype(np.float64)
    filled = np.where(np.isnan(rows), centroids.points[assigned], rows)
    sums = np.zeros_like(centroids.points)
    np.add.at(sums, assigned, filled)
    moved = counts > 0.0
    points = centroids.points.copy()
    after = weights + counts
    points[moved] = (points[moved] * weights[moved, None] + sums[moved]) / after[moved, None]
    if np.isnan(centroids.points).any():
        points = _filled(points, rows, assigned)
    return Centroids(points, after)


def _filled(points: Floats, rows: Floats, assigned: Integers) -> Floats:
    """What a centroid does not know, from the rows that do."""
    known = ~np.isnan(rows)
    sums, counts = np.zeros_like(points), np.zeros_like(points)
    np.add.at(sums, assigned, np.where(known, rows, 0.0))
    np.add.at(counts, assigned, known.astype(np.float64))
    return np.where(np.isnan(points) & (counts > 0.0), sums / np.maximum(counts, 1.0), points)


def decay_of(half_life_batches: float) -> float:
    """The factor by which a batch multiplies the weights.

    >>> decay_of(1.0)
    0.5
    """
    return float(0.5 ** (1.0 / half_life_batches))


def as_rows(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)
