"""What is usual in each segment: mean and deviation of every feature over the minutes of its readers."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Final

from models.judgement.presence import MIN_COVERAGE
from schemas.features import FeatureRow
from schemas.segments import Segment, Usual

MIN_MINUTES: Final = 2.0
"""Minutes below which there is no deviation."""


class _Sums:
    """Weighted number, mean and squared deviations, by Welford's update."""

    __slots__ = ("count", "mean", "squares")

    def __init__(self, count: float = 0.0, mean: float = 0.0, squares: float = 0.0) -> None:
        self.count, self.mean, self.squares = count, mean, squares

    def add(self, value: float) -> None:
        self.count += 1.0
        difference = value - self.mean
        self.mean += difference / self.count
        self.squares += difference * (value - self.mean)

    def usual(self) -> Usual | None:
        if self.count < MIN_MINUTES:
            return None
        return Usual(self.mean, sqrt(self.squares / (self.count - 1.0)), self.count)


class SegmentMinutes:
    """Collects one minute a reader, under the segment in which the job had placed him then.

    Parts of a window are left out: a sum over a part is too small. At each refresh what was learnt before counts half; readers
    are the sessions of the last two refreshes. `previous` are the segments of segments.v1, from whose numbers it goes on.
    """

    def __init__(self, previous: Sequence[Segment] = ()) -> None:
        self._sums = {
            segment.segment_id: {
                name: _Sums(each.minutes, each.mean, each.deviation**2 * (each.minutes - 1.0))
                for name, each in segment.usual.items()
            }
            for segment in previous
        }
        self._told = [{segment.segment_id: segment.readers for segment in previous}, {}]
        """Readers that were published before the start, where the sessions themselves are not known any more."""
        self._sessions: list[dict[str, set[str]]] = [{}, {}]

    def add_minute(self, rows: Sequence[FeatureRow]) -> None:
        """Takes in the rows of a minute that is over, in order: of each session the last one."""
        latest = {row.session_id: row for row in rows if row.kind == "window"}
        for session_id, row in latest.items():
            coverage = row.features.get("coverage")
            if row.segment is None or coverage is None or coverage < MIN_COVERAGE:
                continue
            self._sessions[-1].setdefault(row.segment, set()).add(session_id)
            sums = self._sums.setdefault(row.segment, {})
            for name, value in row.features.items():
                if value is not None:
                    sums.setdefault(name, _Sums()).add(value)

    def refreshed(self, segments: Sequence[Segment], names: Sequence[str]) -> None:
        """Enters into the segments of a refresh what is usual in them, of the features of those names."""
        for segment in segments:
            sums = self._sums.get(segment.segment_id, {})
            found = {name: sums[name].usual() for name in names if name in sums}
            segment.usual = {name: each for name, each in found.items() if each is not None}
            segment.readers = self._readers(segment.segment_id)
        ids = {segment.segment_id for segment in segments}
        self._sums = {each: _halved(sums) for each, sums in self._sums.items() if each in ids}
        self._sessions = [self._sessions[-1], {}]
        self._told = [self._told[-1], {}]

    def _readers(self, segment_id: str) -> int:
        seen = set().union(*(each.get(segment_id, set()) for each in self._sessions))
        return max(len(seen), self._told[0].get(segment_id, 0))


def _halved(sums: Mapping[str, _Sums]) -> dict[str, _Sums]:
    return {name: _Sums(each.count / 2.0, each.mean, each.squares / 2.0) for name, each in sums.items()}
