"""What is usual in a segment: of whole minutes of the readers whom the job had placed in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev

import pytest

from models.segments.usual import SegmentMinutes
from schemas.features import FeatureRow
from schemas.segments import Segment


@dataclass
class Minute:
    session: str
    clicks: float | None
    segment: str | None = "s1"
    coverage: float | None = 1.0
    end_ms: int = 60_000

    def row(self) -> FeatureRow:
        features = {"clicks": self.clicks, "coverage": self.coverage}
        return FeatureRow(self.session, self.end_ms, "window", features, {}, self.segment, {}, None)


def segment(segment_id: str) -> Segment:
    return Segment(segment_id, 1, "", {}, 0, None, [], 0, {}, {}, 0.5, 9)


def published(minutes: SegmentMinutes, *ids: str) -> list[Segment]:
    found = [segment(each) for each in ids]
    minutes.refreshed(found, ("clicks", "pages"))
    return found


def taught(rows: Iterable[Minute]) -> SegmentMinutes:
    minutes = SegmentMinutes()
    minutes.add_minute([each.row() for each in rows])
    return minutes


def test_mean_and_deviation_are_those_of_the_placed_readers() -> None:
    values = [3.0, 0.0, 7.0, 4.0, 1.0]
    rows = [Minute(f"a-{place}", value) for place, value in enumerate(values)]
    others = [Minute(f"b-{place}", 50.0, "s2") for place in range(3)]
    first, second, third = published(taught([*rows, *others, Minute("c", 9.0, None)]), "s1", "s2", "s3")
    assert (first.usual["clicks"].mean, first.usual["clicks"].deviation) == pytest.approx(
        (fmean(values), stdev(values))
    )
    assert (first.readers, second.readers, third.readers) == (5, 3, 0)
    assert (second.usual["clicks"].deviation, third.usual) == (0.0, {})
    assert "coverage" not in first.usual


def test_parts_of_windows_and_unknown_values_teach_nothing() -> None:
    rows = [Minute("a", 3.0), Minute("b", 5.0), Minute("c", 900.0, coverage=0.5), Minute("d", 900.0, coverage=None)]
    (found,) = published(taught([*rows, Minute("e", None)]), "s1")
    assert (found.usual["clicks"].mean, found.usual["clicks"].minutes) == (4.0, 2.0)
    assert found.readers == 3


def test_of_windows_that_share_seconds_the_last_one_counts() -> None:
    rows = [Minute("a", 1.0, end_ms=40_000), Minute("a", 5.0, end_ms=60_000), Minute("b", 7.0)]
    (found,) = published(taught(rows), "s1")
    assert (found.usual["clicks"].mean, found.readers) == (6.0, 2)


def test_older_minutes_count_half_and_readers_are_those_of_two_refreshes() -> None:
    minutes = taught([Minute(f"a-{number}", 0.0) for number in range(4)])
    published(minutes, "s1")
    minutes.add_minute([Minute(f"b-{number}", 6.0).row() for number in range(2)])
    (found,) = published(minutes, "s1")
    assert found.usual["clicks"].mean == pytest.approx(3.0)
    assert found.readers == 6
    (found,) = published(minutes, "s1")
    assert found.readers == 2


def test_after_a_restart_it_goes_on_from_what_was_published() -> None:
    minutes = taught([Minute(f"a-{number}", float(number % 5)) for number in range(30)])
    before = published(minutes, "s1")
    again = SegmentMinutes(before)
    (found,) = published(again, "s1")
    assert found.readers == 30
    assert found.usual["clicks"].mean == pytest.approx(before[0].usual["clicks"].mean)
    assert found.usual["clicks"].deviation == pytest.approx(before[0].usual["clicks"].deviation)


def test_a_segment_that_has_gone_leaves_nothing_behind() -> None:
    minutes = taught([Minute("a", 1.0), Minute("b", 2.0)])
    published(minutes, "s2")
    (found,) = published(minutes, "s1")
    assert found.usual == {}
