"""Groups the first rows: how many groups there are, where their centres lie, and the spread to measure distances in."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.segments.mini_batch import Centroids, Floats, Integers
from models.segments.scaling import first_spread, spread_within
from models.segments.seeding import lloyd, seeded
from models.segments.separation import valley

FIRST_GROUPS: Final = 10
"""Groups to begin with where their number is not given; those without a valley between them become one."""

ONE_GROUP: Final = 0.6
"""Valley from which two groups count as one. Chosen on planted streams of seeds below 400
(`tests/unit/models/segments/streams.py`)."""

RESCALINGS: Final = 3


@dataclass(frozen=True, slots=True)
class Grouping:
    """`centroids` are as the columns scale them."""

    centroids: Centroids
    spread: Floats


def grouped(rows: Floats, groups: int | None, floors: Floats, seed: int) -> Grouping:
    """Groups the rows into so many groups, or into as many as have valleys between them."""
    spread = first_spread(rows, floors)
    points = seeded(rows / spread, groups or FIRST_GROUPS, seed).points * spread
    while True:
        points, assigned, spread = _rescaled(rows, points, spread, floors)
        pair = None if groups is not None else _closest(rows / spread, points / spread, assigned)
        if pair is None:
            break
        points = _joined(points, assigned, *pair)
    if groups is not None:
        # The scale changes what is near: with a given number of groups, seed again on the better one.
        points = seeded(rows / spread, groups, seed).points * spread
        points, assigned, spread = _rescaled(rows, points, spread, floors)
    weights = np.bincount(assigned, minlength=len(points)).astype(np.float64)
    return Grouping(Centroids(points, weights), spread)


def _rescaled(rows: Floats, points: Floats, spread: Floats, floors: Floats) -> tuple[Floats, Integers, Floats]:
    """Iterates between groups and the spread within them."""
    for _ in range(RESCALINGS):
        scaled, assigned = lloyd(rows / spread, points / spread)
        points = scaled * spread
        spread = spread_within(rows, points, assigned, floors)
    scaled, assigned = lloyd(rows / spread, points / spread)
    return scaled * spread, assigned, spread


def _closest(rows: Floats, points: Floats, assigned: Integers) -> tuple[int, int] | None:
    """The pair of groups with the shallowest valley, if that is shallow enough for one group."""
    pairs = [(i, j) for i in range(len(points)) for j in range(i + 1, len(points))]
    if not pairs:
        return None
    depth, first, second = max(
        (valley(rows[(assigned == i) | (assigned == j)], points[i], points[j]), i, j) for i, j in pairs
    )
    return (first, second) if depth > ONE_GROUP else None


def _joined(points: Floats, assigned: Integers, first: int, second: int) -> Floats:
    counts = np.bincount(assigned, minlength=len(points))
    mass = max(int(counts[first] + counts[second]), 1)
    middle = (points[first] * counts[first] + points[second] * counts[second]) / mass
    left = np.delete(points, second, axis=0)
    left[first] = middle
    return left
