"""Which segment a group is: the same as before, or a new one with an id that was never used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.segments.centroid_matching import matched
from models.segments.mini_batch import Floats, Integers, nearest, squared_distances
from models.segments.stable_ids import heirs, jaccard

MAX_STEP: Final = 4.0
"""Spreads that a centre may move between two refreshes and stay the same segment. A drifting group moves less than one; a
centre that jumps has been taken over by other readers, for it always keeps the members that lie near both places."""


@dataclass(frozen=True, slots=True)
class Known:
    """The segments that were published last, as the columns scale them."""

    ids: tuple[str, ...]
    points: Floats
    spread: Floats


@dataclass(frozen=True, slots=True)
class Heir:
    """What a group inherits: the id and the share of members kept; both None for a new segment."""

    segment_id: str | None
    stability: float | None


def inherited(known: Known | None, points: Floats, spread: Floats, sample: Floats, is_resumed: bool) -> list[Heir]:
    """What each new group inherits of the known segments, told by the rows of the sample that lie in both.

    `is_resumed`: the learner has begun anew, and its groups are none of those that it had. Then groups without common members
    are told by the distance of their centres.
    """
    if known is None or not known.ids:
        return [Heir(None, None)] * len(points)
    before = _members(nearest(sample / known.spread, known.points / known.spread), len(known.ids))
    after = _members(nearest(sample / spread, points / spread), len(points))
    steps = np.sqrt(squared_distances(points / spread, known.points / spread))
    found = {new: old for new, old in heirs(before, after).items() if steps[new, old] <= MAX_STEP}
    if is_resumed:
        found |= _matched(found, known, points, spread)
    return [
        Heir(known.ids[found[new]], jaccard(before[found[new]], after[new])) if new in found else Heir(None, None)
        for new in range(len(points))
    ]


def _members(assigned: Integers, groups: int) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {group: set() for group in range(groups)}
    for row, group in enumerate(assigned.tolist()):
        found[group].add(row)
    return found


def _matched(found: Mapping[int, int], known: Known, points: Floats, spread: Floats) -> dict[int, int]:
    new = [index for index in range(len(points)) if index not in found]
    old = [index for index in range(len(known.ids)) if index not in found.values()]
    if not new or not old:
        return {}
    pairs, _ = matched(known.points[old] / spread, points[new] / spread)
    steps = np.sqrt(squared_distances(points / spread, known.points / spread))
    return {new[i]: old[j] for i, j in pairs.items() if steps[new[i], old[j]] <= MAX_STEP}
