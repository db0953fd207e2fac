"""Makes the records of segments.v1 from groups: ids, sizes, stability, parents and names."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.segments.columns import Column
from models.segments.lineage import Heir, Known, inherited
from models.segments.mini_batch import Floats, Integers, nearest
from models.segments.names import kept_traits, name_of, traits_of
from models.segments.refresh import Groups
from schemas.segments import Segment, Trait


@dataclass(frozen=True, slots=True)
class Refresh:
    """The segments in force from now on, largest first, and the ids of those that have gone."""

    segments: list[Segment]
    gone: list[str]


def known_segments(segments: Sequence[Segment], columns: Sequence[Column]) -> Known | None:
    """Published segments as arrays, scaled; None where there is none, or where they have other columns."""
    scales = {column.name: column.scale for column in columns if column.scale is not None}
    names = {column.name for column in columns}
    if not segments or any(set(each.centroid) != names or each.scales != scales for each in segments):
        return None
    points = np.array([[column.scaled(each.centroid[column.name]) for column in columns] for each in segments])
    spread = np.array([segments[0].spread[column.name] for column in columns])
    return Known(tuple(each.segment_id for each in segments), points, spread)


class Publisher:
    """Gives groups their ids and names, in the light of what was published before."""

    def __init__(self, columns: Sequence[Column], previous: Sequence[Segment] = ()) -> None:
        self.columns = tuple(columns)
        self.segments = list(previous)
        """As published last."""
        self.next_id = max((segment.next_id for segment in previous), default=1)
        self.version = max((segment.version for segment in previous), default=0)
        self.ids: dict[int, str] = {}
        """The segment of each group that was published last, by the group's key."""

    @property
    def known(self) -> Known | None:
        return known_segments(self.segments, self.columns)

    def publish(self, groups: Groups, sample: Floats, at_ms: int) -> Refresh:
        """The records of a refresh, told apart and counted by the rows of the sample."""
        points, spread = groups.centroids.points, groups.spread
        heirs = inherited(self.known, points, spread, sample, is_resumed=not self.ids)
        counts = np.bincount(nearest(sample / spread, points / spread), minlength=len(points))
        # Segments that keep their names come first: a new one must find another.
        order = sorted(range(len(points)), key=lambda each: (heirs[each].segment_id is None, -int(counts[each]), each))
        ids = {index: self._id(heirs[index]) for index in order}
        self.version += 1
        names = self._names(order, heirs, groups, _means(sample, points, counts))
        spreads = {column.name: float(width) for column, width in zip(self.columns, spread, strict=True)}
        scales = {column.name: column.scale for column in self.columns if column.scale is not None}
        found = [
            Segment(
                segment_id=ids[index],
                version=self.version,
                name=names[index][0],
                centroid={
                    column.name: column.unscaled(value)
                    for column, value in zip(self.columns, points[index].tolist(), strict=True)
                },
                size=int(counts[index]),
                stability=heirs[index].stability,
                parents=self._parents(groups, index, ids[index]),
                at_ms=at_ms,
                spread=spreads,
                scales=scales,
                share=float(counts[index] / len(sample)),
                next_id=self.next_id,
                traits=names[index][1],
            )
            for index in range(len(points))
        ]
        gone = [each.segment_id for each in self.segments if each.segment_id not in ids.values()]
        self.segments = sorted(found, key=lambda each: (-each.size, each.segment_id))
        self.ids = {groups.keys[index]: ids[index] for index in range(len(points))}
        return Refresh(self.segments, gone)

    def _id(self, heir: Heir) -> str:
        if heir.segment_id is not None:
            return heir.segment_id
        self.next_id += 1
        return f"s{self.next_id - 1}"

    def _parents(self, groups: Groups, index: int, segment_id: str) -> list[str]:
        """The segments it was split from or merged of; where it has drifted so far that it is another, the one it was."""
        keys = groups.parents[index] or (groups.keys[index],)
        return [self.ids[key] for key in keys if key in self.ids and self.ids[key] != segment_id]

    def _names(
        self, order: list[int], heirs: list[Heir], groups: Groups, usual: list[float]
    ) -> dict[int, tuple[str, list[Trait]]]:
        before = {each.segment_id: each for each in self.segments}
        by_name = {column.name: column for column in self.columns}
        spread = groups.spread.tolist()
        taken: set[str] = set()
        found = {}
        for index in order:
            centre = groups.centroids.points[index].tolist()
            old = before.get(heirs[index].segment_id or "")
            kept = None if old is None else kept_traits(old, self.columns, centre, usual, spread)
            if old is not None and kept is not None and old.name not in taken:
                name, traits = old.name, kept
            else:
                traits = traits_of(self.columns, centre, usual, spread)
                name, count = name_of(traits, by_name, taken)
                traits = traits[:count]
            taken.add(name)
            found[index] = (name, traits)
        return found


def _means(sample: Floats, points: Floats, counts: Integers) -> list[float]:
    """The mean of each column over all readers; where no row knows it, that of the centres."""
    known = ~np.isnan(sample)
    sums, numbers = np.where(known, sample, 0.0).sum(axis=0), known.sum(axis=0)
    centres = counts @ points / max(int(counts.sum()), 1)
    return [float(a / n) if n else float(b) for a, n, b in zip(sums, numbers, centres, strict=True)]
