"""Silence through the real operator: windows that only timers tell of, and the end of a session."""

from typing import Any

import pytest

from tests.operators.conftest import Start
from tests.support.builders import (
    ANNA,
    BEN,
    SESSION_END_S,
    CrossingRow,
    at,
    rule,
    session_window,
)
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import commands, fed, seconds
from tests.support.slices import QUIET, reading, windows
from tests.support.stages import window_commands

SILENT = rule(id="silent", when=[{"feature": "silence_ms", "above": 60_000}], cooldown_s=1)


def one_visit(session: str = ANNA, last_s: float = 5, **window: Any) -> list[CrossingRow]:
    """All windows of a reader who did something at the beginning and at `last_s`, within the first ten seconds."""
    return [session_window(end_s, session, first_s=0, last_s=last_s, **window) for end_s in range(10, 70, 10)]


#   0 s 5 s           60 s      70 s          240 s     250 s
#     a b             last row  silent ...    silent    nobody looks any more
def test_windows_in_which_nothing_happens_are_judged_when_their_end_has_passed(start: Start) -> None:
    job = start(SILENT)
    assert fed(job, one_visit()) == []
    assert job.advance(at(69.999)) == []
    assert seconds(job.advance(at(70))) == [70]
    assert seconds(job.advance(at(105))) == [80, 90, 100]
    assert seconds(job.advance(at(1_000))) == list(range(110, 250, 10))


def test_a_silent_window_is_about_the_session_alone(start: Start) -> None:
    job = start(SILENT)
    fed(job, one_visit())
    [command] = commands(job.advance(at(70)))
    assert (command.target.id, command.user_id, command.content_id) == (ANNA, None, None)
    assert command.evidence["silence_ms"].value == 65_000


def test_silent_windows_come_from_rows_as_they_come_from_timers(start: Start) -> None:
    returning = session_window(150, first_s=145, last_s=146)
    with_timers, without = start(SILENT), start(SILENT)
    for job in (with_timers, without):
        fed(job, one_visit())
    early = with_timers.advance(at(149))
    assert seconds([*early, *fed(with_timers, [returning])]) == [70, 80, 90, 100, 110, 120, 130, 140]
    assert seconds(fed(without, [returning])) == [70, 80, 90, 100, 110, 120, 130, 140]
    for name in ("habits-v1", "session-decisions-v1"):
        assert with_timers.flink.state_field(name) == without.flink.state_field(name)


def test_a_timer_that_was_set_for_a_reader_who_goes_on_is_silent(start: Start) -> None:
    job = start(SILENT)
    fed(job, [session_window(end_s) for end_s in range(10, 400, 10)])
    assert job.advance(at(380)) == []
    assert seconds(job.advance(at(460))) == [450, 460]


@pytest.mark.parametrize("hidden_s", [5, 6])
def test_a_hidden_page_is_not_silent(start: Start, hidden_s: int) -> None:
    """A page that is left tells its last movements in the same millisecond."""
    job = start(SILENT)
    fed(
        job,
        [session_window(end_s, first_s=0, last_s=6, interacted_s=5, hidden_s=hidden_s) for end_s in range(10, 70, 10)],
    )
    assert job.advance(at(1_000)) == []


def test_a_reader_who_only_looks_is_silent_though_rows_come(start: Start) -> None:
    job = start(SILENT)
    rows = [session_window(end_s, active=False, first_s=0) for end_s in range(10, 100, 10)]
    assert seconds(fed(job, rows)) == [70, 80, 90]


def test_a_silent_window_teaches_nothing(start: Start) -> None:
    """A reader who comes back is compared with the minutes that were read, not with the silence between."""
    job = start(rule(id="any", when=[{"feature": "engaged_ms", "change_below": -0.001}], cooldown_s=1))
    fed(job, windows([reading(number) for number in range(30)]))
    [*_, before] = commands(fed(job, windows([*map(reading, range(30)), QUIET])))[-1:]
    job.advance(at(800))
    [after] = commands(fed(job, [session_window(810, first_s=801, active_slices=1, engaged_ms=1.0)]))[-1:]
    assert after.evidence["engaged_ms"].baseline == pytest.approx(before.evidence["engaged_ms"].baseline)


def test_silence_means_idle_for_a_whole_window_however_long_it_is() -> None:
    idle = rule(id="idle", when=[{"feature": "idle_ms", "above": 30_000}], cooldown_s=1)
    job = Running(window_commands(idle, window_ms=30_000))
    fed(job, [session_window(end_s, first_s=0, last_s=5) for end_s in (10, 20, 30)])
    assert seconds(job.advance(at(60))) == []


@pytest.mark.parametrize("restarted", [False, True])
def test_nothing_is_left_of_a_session_after_its_last_timer(start: Start, restarted: bool) -> None:
    job = start(SILENT, rule(id="streak", for_windows=3))
    fed(job, one_visit(engaged_ms=5.0))
    if restarted:
        job = start(SILENT, flink=job.flink)
    job.advance(at(5 + SESSION_END_S) - 1)
    assert job.flink.left_of("s" + ANNA) >= {"attention-v1", "habits-v1"}
    job.advance(at(5 + SESSION_END_S))
    assert job.flink.left_of("s" + ANNA) == set()
    assert job.flink.timers == set()


def test_the_end_of_one_session_leaves_the_others(start: Start) -> None:
    job = start(SILENT)
    fed(job, [*one_visit(), *one_visit(BEN, last_s=9)])
    job.advance(at(5 + SESSION_END_S))
    assert job.flink.left_of("s" + ANNA) == set()
    assert "attention-v1" in job.flink.left_of("s" + BEN)


def comes_back(back_s: int) -> CrossingRow:
    return session_window(back_s + 10, first_s=back_s, last_s=back_s, engaged_ms=0)


#   0 s    199 s        2,000 s
#   twelve that teach   the reader is back after more than half an hour: a new session
@pytest.mark.parametrize("told", [True, False])
def test_whoever_comes_back_after_the_end_starts_from_nothing(start: Start, told: bool) -> None:
    fallen = rule(id="fallen", when=[{"feature": "engaged_ms", "z_below": -2}])
    back = 200 + SESSION_END_S
    job = start(fallen)
    fed(job, [session_window(end_s, engaged_ms=40_000.0 + end_s) for end_s in range(60, 210, 10)])
    if told:
        job.advance(at(back - 10))
    assert at(back + 10) not in {each.issued_at_ms for each in commands(fed(job, [comes_back(back)]))}
    assert job.flink.left_of("s" + ANNA) == {"attention-v1", "habits-v1"}


def test_one_timer_at_a_time_is_under_way(start: Start) -> None:
    job = start(SILENT)
    for end_s in range(10, 400, 10):
        fed(job, [session_window(end_s)])
        job.advance(at(end_s))
        assert len(job.flink.timers) == 1


#   0 ... 100 s       hidden        301 s ... 400 s     silent from then on
#   the page is read  no silence    the reader is back  the timer of the hidden page stood at its end
def test_silence_is_watched_again_once_a_reader_has_come_back(start: Start) -> None:
    job = start(rule(id="quiet", when=[{"feature": "silence_ms", "above": 80_000}], cooldown_s=600))
    rows = [session_window(end_s, first_s=0, last_s=end_s - 1) for end_s in range(10, 110, 10)]
    rows += [session_window(end_s, last_s=101, interacted_s=99, hidden_s=101) for end_s in range(110, 170, 10)]
    fed(job, rows)
    assert job.advance(at(300)) == []
    assert (
        fed(job, [session_window(end_s, first_s=301, last_s=end_s - 1, hidden_s=101) for end_s in range(310, 410, 10)])
        == []
    )
    fed(job, [session_window(end_s, first_s=end_s - 60, last_s=399, hidden_s=101) for end_s in range(410, 460, 10)])
    assert seconds(job.advance(at(500))) == [480]


def test_a_silent_window_knows_device_and_content_type(start: Start) -> None:
    phone = [{"feature": "silence_ms", "above": 80_000}, {"context": "device", "equals": "phone"}]
    news = [{"feature": "silence_ms", "above": 80_000}, {"context": "content_type", "equals": "news"}]
    job = start(rule(id="phone", when=phone), rule(id="news", when=news, then={"action": "prompt"}))
    fed(job, one_visit())
    assert [each.source.id for each in commands(job.advance(at(1_000)))][:2] == ["news", "phone"]


def test_a_source_without_heartbeats_shows_no_silence(start: Start) -> None:
    job = start(SILENT)
    fed(job, one_visit(engaged_ms=0.0))
    assert job.advance(at(1_000)) == []
