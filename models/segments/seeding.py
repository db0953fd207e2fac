"""Seeds centroids: k-means++ on the first rows, followed by Lloyd's iterations.

Source: Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding, SODA, 1027-1035.
"""

from math import log
from typing import Final

import numpy as np

from models.segments.mini_batch import Centroids, Floats, Integers, nearest, squared_distances

RESTARTS: Final = 10
MAX_ITERATIONS: Final = 100


def plus_plus(rows: Floats, k: int, generator: np.random.Generator) -> Floats:
    """k rows, each drawn by its squared distance from those before, the best of 2 + log k draws. Fewer where rows repeat."""
    chosen = [int(generator.integers(len(rows)))]
    closest = _reachable(squared_distances(rows, rows[chosen]))[:, 0]
    while len(chosen) < k and closest.sum() > 0.0:
        sums = np.cumsum(closest)
        draws = np.searchsorted(sums, generator.random(2 + int(log(k))) * sums[-1])
        draws = np.minimum(draws, len(rows) - 1)
        after = np.minimum(closest, _reachable(squared_distances(rows, rows[draws])).T)
        best = int(np.argmin(after.sum(axis=1)))
        chosen.append(int(draws[best]))
        closest = after[best]
    return _known(rows, chosen)


def _reachable(distances: Floats) -> Floats:
    """The distances, 0 where a row shares no known feature with a point: such a row is no reason for another centroid."""
    return np.where(np.isfinite(distances), distances, 0.0)


def _known(rows: Floats, chosen: list[int]) -> Floats:
    """The chosen rows; what they do not know is the mean of those that do, and NaN where nobody does."""
    known = ~np.isnan(rows)
    counts = known.sum(axis=0)
    means = np.where(counts > 0, np.where(known, rows, 0.0).sum(axis=0) / np.maximum(counts, 1), np.nan)
    return np.where(known[chosen], rows[chosen], means)


def lloyd(rows: Floats, points: Floats) -> tuple[Floats, Integers]:
    """Moves each point to the mean of its rows until no row changes its point."""
    assigned = nearest(rows, points)
    for _ in range(MAX_ITERATIONS):
        filled = np.where(np.isnan(rows), points[assigned], rows)
        counts = np.bincount(assigned, minlength=len(points))
        sums = np.zeros_like(points)
        np.add.at(sums, assigned, filled)
        points = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], points)
        again = nearest(rows, points)
        if np.array_equal(again, assigned):
            break
        assigned = again
    return points, assigned


def seeded(rows: Floats, k: int, seed: int, restarts: int = RESTARTS) -> Centroids:
    """The best of several seedings by within-cluster squares, weighted by rows. The same for the same rows and seed."""
    generator = np.random.default_rng(seed)
    best: tuple[float, Floats, Integers] | None = None
    for _ in range(restarts):
        points, assigned = lloyd(rows, plus_plus(rows, k, generator))
        within = float(_reachable(squared_distances(rows, points)).min(axis=1).sum())
        if best is None or within < best[0]:
            best = (within, points, assigned)
    assert best is not None
    _, points, assigned = best
    return Centroids(points, np.bincount(assigned, minlength=len(points)).astype(np.float64))
