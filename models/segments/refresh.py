"""Refreshes the set of segments: drops those without readers, splits and merges what Ward proposes and the rows confirm."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from models.segments.micro_clusters import proposed_merges, proposed_splits
from models.segments.mini_batch import Centroids, Floats, nearest
from models.segments.scaling import spread_within
from models.segments.seeding import lloyd
from models.segments.separation import valley

MAX_GROUPS: Final = 12
"""More groups than this are not told apart by names, nor by rules."""

MIN_SHARE: Final = 0.01
"""Share of the rows below which a segment is dropped, or a split refused."""

MIN_ROWS: Final = 25
"""Likewise, in rows: a valley between fewer is chance."""

SPLIT_BELOW: Final = 0.6
"""Valley below which one segment becomes two. Like the next, chosen on planted streams of seeds below 400."""

CHANCE_ERRORS: Final = 2.0
"""Standard errors by which a valley must be deeper than that."""

MERGE_ABOVE: Final = 0.9
"""Valley above which two segments become one. Far from the other: what was just split does not merge at the next refresh."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Centroids with a key each that lives as long as the centroid does, and the keys that it came of by a split or merge."""

    centroids: Centroids
    spread: Floats
    keys: tuple[int, ...]
    parents: tuple[tuple[int, ...], ...]
    next_key: int

    def without(self, index: int) -> "Groups":
        keep = [each for each in range(len(self.keys)) if each != index]
        return replace(
            self,
            centroids=Centroids(self.centroids.points[keep], self.centroids.weights[keep]),
            keys=tuple(self.keys[each] for each in keep),
            parents=tuple(self.parents[each] for each in keep),
        )

    def including(self, point: Floats, weight: float, parents: tuple[int, ...]) -> "Groups":
        return replace(
            self,
            centroids=Centroids(np.vstack([self.centroids.points, point]), np.append(self.centroids.weights, weight)),
            keys=(*self.keys, self.next_key),
            parents=(*self.parents, parents),
            next_key=self.next_key + 1,
        )


def refreshed(groups: Groups, micro: Centroids, sample: Floats, floors: Floats) -> Groups:
    """The groups after a look at the latest rows. At most one is dropped, one split and one pair merged: a refresh changes
    little, and what remains is there at the next."""
    groups = replace(groups, parents=((),) * len(groups.keys))
    assigned = nearest(sample / groups.spread, groups.centroids.points / groups.spread)
    spread = spread_within(sample, groups.centroids.points, assigned, floors)
    groups = replace(groups, spread=spread)
    groups = _after_drop(groups, sample)
    if len(groups.keys) < MAX_GROUPS:
        groups = _after_split(groups, micro, sample)
    return _after_merge(groups, sample)


def least_rows(sample: Floats) -> int:
    return max(MIN_ROWS, int(MIN_SHARE * len(sample)))


def _after_drop(groups: Groups, sample: Floats) -> Groups:
    if len(groups.keys) == 1:
        return groups
    weights = groups.centroids.weights
    smallest = int(np.argmin(weights))
    return groups.without(smallest) if weights[smallest] < MIN_SHARE * weights.sum() else groups


def _after_split(groups: Groups, micro: Centroids, sample: Floats) -> Groups:
    scaled, points = sample / groups.spread, groups.centroids.points / groups.spread
    assigned = nearest(scaled, points)
    for split in proposed_splits(micro, groups.centroids.points, groups.spread):
        mine = scaled[assigned == split.segment]
        if len(mine) < 2 * least_rows(sample):
            continue
        halves, sides = lloyd(mine, np.vstack([split.first, split.second]) / groups.spread)
        counts = np.bincount(sides, minlength=2)
        if counts.min() < least_rows(sample) or valley(mine, halves[0], halves[1], CHANCE_ERRORS) >= SPLIT_BELOW:
            continue
        key, weight = groups.keys[split.segment], float(groups.centroids.weights[split.segment])
        larger, smaller = (0, 1) if counts[0] >= counts[1] else (1, 0)
        # The larger part goes on as the segment that it was; whether it keeps the id is for its members to say.
        for part, index in ((larger, split.segment), (smaller, None)):
            point, share = halves[part] * groups.spread, weight * float(counts[part]) / len(mine)
            if index is None:
                groups = groups.including(point, share, (key,))
            else:
                groups = _placed(groups, index, point, share, (key,))
        return groups
    return groups


def _after_merge(groups: Groups, sample: Floats) -> Groups:
    scaled, points = sample / groups.spread, groups.centroids.points / groups.spread
    assigned = nearest(scaled, points)
    for first, second in proposed_merges(groups.centroids, groups.spread):
        if groups.parents[first] or groups.parents[second]:
            continue
        both = scaled[(assigned == first) | (assigned == second)]
        if len(both) < least_rows(sample) or valley(both, points[first], points[second]) <= MERGE_ABOVE:
            continue
        weights = groups.centroids.weights
        larger, smaller = (first, second) if weights[first] >= weights[second] else (second, first)
        mass = float(weights[first] + weights[second])
        middle = (groups.centroids.points[[first, second]] * weights[[first, second], None]).sum(axis=0) / mass
        parents = (groups.keys[larger], groups.keys[smaller])
        return _placed(groups, larger, middle, mass, parents).without(smaller)
    return groups


def _placed(groups: Groups, index: int, point: Floats, weight: float, parents: tuple[int, ...]) -> Groups:
    points, weights = groups.centroids.points.copy(), groups.centroids.weights.copy()
    points[index], weights[index] = point, weight
    of = list(groups.parents)
    of[index] = parents
    return replace(groups, centroids=Centroids(points, weights), parents=tuple(of))
