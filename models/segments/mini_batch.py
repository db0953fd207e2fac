"""Decayed mini-batch k-means: assigns rows to centroids and moves the centroids."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Centroids:
    """`points` has one centroid a row, `weights` the decayed number of rows that each stands for."""

    points: Floats
    weights: Floats

    def __len__(self) -> int:
        return len(self.points)


def squared_distances(rows: Floats, points: Floats) -> Floats:
    """The squared distance of each row to each point, over the features that the row knows (NaN is unknown).

    >>> squared_distances(np.array([[0.0, 2.0], [0.0, np.nan]]), np.array([[3.0, 6.0]])).tolist()
    [[25.0], [9.0]]
    """
    # Differences instead of the expanded square: ties and small distances stay exact.
    differences = rows[:, None, :] - points[None, :, :]
    return np.asarray(np.nansum(differences * differences, axis=2), dtype=np.float64)


def nearest(rows: Floats, points: Floats) -> Integers:
    """The index of the nearest point for each row; of equally near ones the lowest."""
    return np.asarray(np.argmin(squared_distances(rows, points), axis=1))


def updated(centroids: Centroids, rows: Floats, assigned: Integers, decay: float) -> Centroids:
    """The centroids after a batch: w' = decay w; c' = (c w' + sum x) / (w' + m); w'' = w' + m.

    A centroid without rows stays where it is and loses weight. A value that a row does not know counts as the centroid's own.
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
    return Centroids(points, after)


def decay_of(half_life_batches: float) -> float:
    """The factor by which a batch multiplies the weights.

    >>> decay_of(1.0)
    0.5
    """
    return float(0.5 ** (1.0 / half_life_batches))


def as_rows(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)
