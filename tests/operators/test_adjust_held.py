"""Windows that wait for a refit of the forest, and refits that survive a restart."""

from base64 import b64encode
from lzma import compress

import msgspec
import pytest

from models.features import FOREST_FEATURES
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.schedule import RefitSchedule
from tests.operators.conftest import Start
from tests.support.builders import ANNA, BEN, CrossingRow, at, forest_model, rule, session_window
from tests.support.flink_fakes import FakeFlink, FakeMap, Running
from tests.support.operator_outputs import commands, fed, seconds

HALF_HOUR_S, LEAD_S = 1_800, 300
SCHEDULE = RefitSchedule(HALF_HOUR_S * 1000, LEAD_S * 1000)
FIRST = at(0) // SCHEDULE.every_ms
PACKED = b64encode(compress(forest_model())).decode()

SCORED = rule(id="scored", when=[{"forest": "threshold"}], cooldown_s=1)
"""Fires where the forest's threshold is 0, as it is for those of `fitted`; the cold forest's is 0.62."""


def announced(job: Running, epoch: int, status: str, content_type: str = "news", threshold: float = 0.0) -> None:
    model = PACKED if status == "fitted" else ""
    refit = msgspec.convert(
        {
            "content_type": content_type,
            "epoch": FIRST + epoch,
            "status": status,
            "threshold": threshold,
            "model": model,
            "features": FOREST_FEATURES,
        },
        RefitMessage,
    )
    assert job.broadcast(("refit", content_type, msgspec.json.encode(refit).decode())) == []


def waiting(start: Start, flink: FakeFlink | None = None) -> Running:
    return start(SCORED, flink=flink, schedule=SCHEDULE)


def passed(job: Running, at_s: float) -> None:
    """Event time has passed a moment, which a timer of some session tells."""
    job.flink.timers.add((at(at_s), "snobody"))
    job.advance(at(at_s))


def windows(*ends_s: int, session: str = ANNA) -> list[CrossingRow]:
    return [session_window(end_s, session, first_s=ends_s[0] - 60) for end_s in ends_s]


def thresholds(job: Running, end_s: int, session: str) -> list[float | str | None]:
    """Threshold of the forest that judges a window of a fresh session."""
    return [each.evidence["forest"].threshold for each in commands(fed(job, windows(end_s, session=session)))]


#   0 min    5 min                        30 min     35 min
#            |---- forest 1 is not yet due -----------|--- forest 1 judges ---
DUE = HALF_HOUR_S + LEAD_S


def test_a_window_waits_while_its_forest_is_under_way(start: Start) -> None:
    job = waiting(start)
    announced(job, 1, "begins")
    assert fed(job, windows(DUE)) == []
    assert job.flink.left_of("s" + ANNA) == {"held-windows-v3"}
    announced(job, 1, "fitted")
    assert seconds(job.advance(at(DUE))) == [DUE]
    assert "held-windows-v3" not in job.flink.left_of("s" + ANNA)


def test_a_window_whose_forest_is_there_does_not_wait(start: Start) -> None:
    job = waiting(start)
    announced(job, 1, "begins")
    announced(job, 1, "fitted")
    assert seconds(fed(job, windows(DUE))) == [DUE]


def test_a_partial_window_waits_for_no_forest(start: Start) -> None:
    """No forest scores it: readers of whom nothing else comes would wait for one that is never fitted."""
    job = start(rule(id="always", when=[{"feature": "pages", "above": -1}]), schedule=SCHEDULE)
    announced(job, 1, "begins")
    assert seconds(fed(job, [session_window(DUE, ANNA, first_s=DUE - 60, active_slices=4)])) == [DUE]
    assert fed(job, [session_window(DUE, BEN, first_s=DUE - 60, active_slices=5)]) == []


def test_before_the_first_forest_is_due_the_cold_one_judges_at_once(start: Start) -> None:
    job = waiting(start)
    announced(job, 1, "begins")
    fed(job, windows(DUE - 10))
    assert "attention-v1" in job.flink.left_of("s" + ANNA)
    assert "held-windows-v3" not in job.flink.left_of("s" + ANNA)


def test_windows_are_released_in_order_and_none_overtakes_them(start: Start) -> None:
    job = waiting(start)
    announced(job, 1, "begins")
    assert fed(job, windows(DUE, DUE + 10)) == []
    announced(job, 1, "fitted")
    assert seconds(fed(job, windows(DUE + 20))) == [DUE, DUE + 10, DUE + 20]
    assert "held-windows-v3" not in job.flink.left_of("s" + ANNA)
    assert seconds(job.advance(at(DUE + 20))) == []
    assert seconds(fed(job, windows(DUE + 30))) == [DUE + 30]


def test_a_window_whose_forest_is_there_waits_behind_one_whose_forest_is_not(start: Start) -> None:
    job = waiting(start)
    announced(job, 1, "begins", "video")
    announced(job, 1, "fitted")
    [(kind, numbers, texts)] = windows(DUE)
    assert fed(job, [(kind, numbers, [*texts[:3], "video", *texts[4:]]), *windows(DUE + 10)]) == []
    assert [*seconds(job.advance(at(DUE))), *seconds(job.advance(at(DUE + 10)))] == [DUE + 10]


def test_each_window_goes_when_time_has_passed_its_own_end(start: Start) -> None:
    job = waiting(start)
    announced(job, 1, "begins")
    fed(job, windows(DUE, DUE + 10))
    announced(job, 1, "fitted")
    assert seconds(job.advance(at(DUE))) == [DUE]
    assert seconds(job.advance(at(DUE + 9))) == []
    assert seconds(job.advance(at(DUE + 10))) == [DUE + 10]


def test_a_session_that_waits_holds_up_no_other(start: Start) -> None:
    job = waiting(start)
    announced(job, 1, "begins")
    announced(job, 1, "fitted", "video")
    fed(job, windows(DUE))
    [window] = windows(DUE, session=BEN)
    kind, numbers, texts = window
    assert seconds(fed(job, [(kind, numbers, [*texts[:3], "video", *texts[4:]])])) == [DUE]


def test_where_no_forest_ever_comes_the_cold_one_judges_in_the_end(start: Start) -> None:
    job = waiting(start)
    assert fed(job, windows(60)) == []
    assert job.advance(at(60)) == []
    assert "habits-v1" in job.flink.left_of("s" + ANNA)


def test_what_is_unknown_waits_as_unknown(start: Start) -> None:
    nothing_known = session_window(60, scroll_depth=float("nan"), active=False, hidden_s=None, user=None)
    held, straight = waiting(start), start(SCORED)
    fed(held, [nothing_known])
    held.advance(at(60))
    fed(straight, [nothing_known])
    names = straight.flink.left_of("s" + ANNA)
    assert names == held.flink.left_of("s" + ANNA) == {"attention-v1", "habits-v1"}
    for name in names:
        assert held.flink.state_field(name) == straight.flink.state_field(name)


@pytest.mark.parametrize("cut", range(6))
def test_a_restart_in_the_middle_of_waiting_changes_nothing(start: Start, cut: int) -> None:
    job = waiting(start)
    found = []
    for n in range(6):
        if n == cut:
            job = waiting(start, job.flink)
        if n == 0:
            announced(job, 1, "begins")
        if n in (1, 2, 4):
            found += fed(job, windows(DUE + 10 * n))
        if n == 3:
            announced(job, 1, "fitted")
        if n == 5:
            found += job.advance(at(DUE + 100))
    assert seconds(found) == [DUE + 10, DUE + 20, DUE + 40]


def test_forests_survive_a_restart(start: Start) -> None:
    before = waiting(start)
    announced(before, 1, "begins")
    announced(before, 1, "fitted")
    announced(before, 2, "skipped")
    assert seconds(fed(waiting(start, before.flink), windows(DUE + HALF_HOUR_S))) == [DUE + HALF_HOUR_S]


#   epoch 1   2         3         4
#   fitted    skipped   skipped   fitted, not yet due: forest 1 still judges
@pytest.mark.parametrize("restarted", [False, True])
def test_a_forest_is_kept_until_the_next_one_is_due_however_long_that_takes(start: Start, restarted: bool) -> None:
    job = waiting(start)
    announced(job, 1, "begins")
    announced(job, 1, "fitted", threshold=0.01)
    announced(job, 2, "skipped")
    announced(job, 3, "skipped")
    announced(job, 4, "fitted", threshold=0.02)
    if restarted:
        job = waiting(start, job.flink)
    assert thresholds(job, 4 * HALF_HOUR_S + LEAD_S - 10, ANNA) == [0.01]
    assert thresholds(job, 4 * HALF_HOUR_S + LEAD_S, BEN) == [0.02]


def test_a_bounded_number_of_refits_is_kept_in_state(start: Start) -> None:
    job = waiting(start)
    announced(job, 1, "begins")
    for epoch in range(1, 40):
        announced(job, epoch, "fitted" if epoch % 5 else "skipped")
        passed(job, epoch * HALF_HOUR_S)
    assert len(job.flink.broadcast["control-v1"]) <= 6


@pytest.mark.parametrize("restarted", [False, True])
def test_refits_that_are_far_ahead_of_the_windows_are_all_kept(start: Start, restarted: bool) -> None:
    """In a fast replay: the forest of each window is the one of its time."""
    job = waiting(start)
    announced(job, 1, "begins")
    for epoch in range(1, 10):
        announced(job, epoch, "fitted", threshold=epoch / 100)
    if restarted:
        job = waiting(start, job.flink)
    for epoch in range(1, 9):
        end_s = epoch * HALF_HOUR_S + LEAD_S
        assert thresholds(job, end_s, f"reader-{epoch}") == [epoch / 100]


@pytest.mark.parametrize("restarted", [False, True])
def test_forests_of_types_that_have_vanished_leave_the_state(start: Start, restarted: bool) -> None:
    job = waiting(start)
    for number in range(20):
        announced(job, 1, "begins", f"type-{number}")
        announced(job, 1, "fitted", f"type-{number}")
    if restarted:
        job = waiting(start, job.flink)
    passed(job, 60 * HALF_HOUR_S)
    announced(job, 60, "begins")
    assert set(job.flink.broadcast["control-v1"]) == {"refit:begins:latest:news"}


def test_a_forest_more_reads_no_other_body_from_state(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of broadcast state is megabytes: its names are held in memory."""
    job = waiting(start)
    announced(job, 1, "begins")

    def items(_: FakeMap) -> None:
        raise AssertionError("the state is read as a whole")

    monkeypatch.setattr(FakeMap, "items", items)
    for epoch in range(1, 6):
        announced(job, epoch, "fitted")
    assert len(job.flink.broadcast["control-v1"]) == 6


def test_a_window_that_waited_is_told_to_nobody(start: Start) -> None:
    """PyFlink's timers know no side outputs in thread mode; what is kept in memory until the next row, a kill would lose."""
    job = start(SCORED, schedule=SCHEDULE, emit_scores=True)
    announced(job, 1, "begins")
    assert fed(job, windows(DUE)) == []
    announced(job, 1, "fitted")
    assert commands(job.advance(at(DUE)))
    assert [each for each in fed(job, windows(DUE + 10, session=BEN)) if isinstance(each, tuple)] == []
