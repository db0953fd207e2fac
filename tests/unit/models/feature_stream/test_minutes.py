"""Rows of the feature log in minutes: which are over, and which rows belong to them."""

from models.feature_stream.minutes import LATENESS_MS, MINUTE_MS, Minutes
from tests.support.feature_rows import BEGINNING_MS, row


def test_a_minute_waits_for_slower_partitions_and_then_is_over() -> None:
    minutes = Minutes()
    start_s = -(BEGINNING_MS % MINUTE_MS) // 1_000

    assert list(minutes.add(row("a", start_s + 10))) == []
    assert list(minutes.add(row("c", start_s + 70))) == []
    assert list(minutes.add(row("b", start_s + 5))) == []
    ((end_ms, rows),) = minutes.add(row("d", start_s + 60 + LATENESS_MS // 1_000))
    assert end_ms == BEGINNING_MS + (start_s + 60) * 1_000
    assert [each.session_id for each in rows] == ["b", "a"]
    assert list(minutes.add(row("late", start_s + 20))) == []
    assert minutes.late == 1
    assert [[each.session_id for each in rows] for _, rows in minutes.flush()] == [["c", "d"]]


def test_a_row_that_comes_again_counts_once() -> None:
    minutes = Minutes()
    for at_s in (5, 15, 5):
        assert list(minutes.add(row("a", at_s))) == []

    assert [len(rows) for _, rows in minutes.flush()] == [2]


def test_a_minute_waits_for_a_partition_that_is_behind_however_far() -> None:
    minutes = Minutes(behind={0, 1})
    ahead = [end_ms for at_s in range(0, 600, 10) for end_ms, _ in minutes.add(row("a", at_s), 0)]
    both = [end_ms for at_s in range(0, 600, 10) for end_ms, _ in minutes.add(row("b", at_s), 1)]

    assert ahead == []
    assert len(both) >= 8
    assert minutes.late == 0


def test_a_minute_waits_for_a_partition_minutes_behind_and_not_for_an_idle_one() -> None:
    minutes = Minutes()
    assert list(minutes.add(row("b", 0), 1)) == []
    # Partition 0 is read four minutes ahead, as when a job works off what came during an outage.
    ahead = [end_ms for at_s in range(0, 240, 10) for end_ms, _ in minutes.add(row("a", at_s), 0)]
    follows = [end_ms for at_s in range(10, 240, 10) for end_ms, _ in minutes.add(row("b", at_s), 1)]
    alone = [end_ms for at_s in range(240, 720, 10) for end_ms, _ in minutes.add(row("a", at_s), 0)]

    assert ahead == []
    assert len(follows) >= 3
    assert minutes.late == 0
    assert len(alone) >= 5
