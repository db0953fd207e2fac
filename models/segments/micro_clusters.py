"""Micro-clusters: many small centroids that summarise the stream, from which Ward proposes merges and splits."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.segments.mini_batch import Centroids, Floats, Integers, nearest, squared_distances, updated
from models.segments.ward import merges

MICRO_CLUSTERS: Final = 30
"""Six times as many as five segments: enough for a group of a thirtieth of the readers to have one of its own."""

EMPTY_WEIGHT: Final = 0.5
"""Decayed rows below which a micro-cluster stands for nobody, and begins again where it is needed."""


@dataclass(frozen=True, slots=True)
class Split:
    """Two groups that one segment could become, by their centres."""

    segment: int
    first: Floats
    second: Floats
    increase: float


def moved(micro: Centroids, rows: Floats, spread: Floats, decay: float) -> Centroids:
    """The micro-clusters after a batch. An empty one starts anew at the row that lies farthest from all of them."""
    scaled = rows / spread
    after = updated(micro, rows, nearest(scaled, micro.points / spread), decay)
    empty = int(np.argmin(after.weights))
    if after.weights[empty] >= EMPTY_WEIGHT:
        return after
    distances = squared_distances(scaled, after.points / spread).min(axis=1)
    # A row that shares no known feature with any of them is not far from them, but unknown.
    farthest = int(np.argmax(np.where(np.isfinite(distances), distances, 0.0)))
    if not distances[farthest] > 0.0:
        return after
    points, weights = after.points.copy(), after.weights.copy()
    points[empty], weights[empty] = rows[farthest], 1.0
    return Centroids(points, weights)


def proposed_splits(micro: Centroids, points: Floats, spread: Floats) -> list[Split]:
    """For each segment with micro-clusters of its own, the last merge that Ward makes of them, undone. Greatest gain first."""
    owners = nearest(micro.points / spread, points / spread)
    found = []
    for segment in range(len(points)):
        mine = np.flatnonzero((owners == segment) & (micro.weights > EMPTY_WEIGHT))
        if len(mine) < 2:
            continue
        last = merges(micro.points[mine] / spread, micro.weights[mine])[-1]
        found.append(
            Split(segment, _centre(micro, mine[list(last.left)]), _centre(micro, mine[list(last.right)]), last.increase)
        )
    return sorted(found, key=lambda each: (-each.increase, each.segment))


def proposed_merges(centroids: Centroids, spread: Floats) -> list[tuple[int, int]]:
    """The pairs of segments that Ward would merge, cheapest first."""
    all_merges = merges(centroids.points / spread, centroids.weights)
    return [(merge.left[0], merge.right[0]) for merge in all_merges if len(merge.left) == len(merge.right) == 1]


def _centre(micro: Centroids, members: Integers) -> Floats:
    weights = micro.weights[members]
    return np.asarray(weights @ micro.points[members] / weights.sum())
