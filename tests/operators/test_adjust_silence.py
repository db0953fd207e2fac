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
from tests.support.stages import window_commands

SILENT = rule(id="silent", when=[{"feature": "silence_ms", "above": 60_000}], cooldown_s=1)


def one_visit(session: str = ANNA, last_s: float = 5, **window: Any) -> list[CrossingRow]:
    """All windows of a reader who did something at the beginning and at `last_s`, within the first ten seconds."""
    return [session_window(end_s, session, first_s=0, last_s=last_s, **window) for end_s in range(10, 70, 10)]


#   0 s 5 s           60 s      70 s          180 s     190 s
#     a b             last row  silent ...    silent    nobody looks any more
def test_windows_in_which_nothing_happens_are_judged_when_their_end_has_passed(start: Start) -> None:
    job = start(SILENT)
    assert fed(job, one_visit()) == []
    assert job.advance(at(69.999)) == []
    assert seconds(job.advance(at(70))) == [70]
    assert seconds(job.advance(at(105))) == [80, 90, 100]
    assert seconds(job.advance(at(1_000))) == [110, 120, 130, 140, 150, 160, 170, 180]


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
    assert with_timers.flink.values == without.flink.values


def test_a_timer_that_was_set_for_a_reader_who_goes_on_is_silent(start: Start) -> None:
    job = start(SILENT)
    fed(job, [session_window(end_s) for end_s in range(10, 400, 10)])
    assert job.advance(at(380)) == []
    assert seconds(job.advance(at(460))) == [450, 460]


def test_a_hidden_page_is_not_silent(start: Start) -> None:
    job = start(SILENT)
    fed(job, [session_window(end_s, first_s=0, last_s=6, interacted_s=5, hidden_s=6) for end_s in range(10, 70, 10)])
    assert job.advance(at(1_000)) == []


def test_a_reader_who_only_looks_is_silent_though_rows_come(start: Start) -> None:
    job = start(SILENT)
    rows = [session_window(end_s, active=False, first_s=0) for end_s in range(10, 100, 10)]
    assert seconds(fed(job, rows)) == [70, 80, 90]


def test_a_silent_window_teaches_nothing(start: Start) -> None:
    job = start(SILENT)
    fed(job, one_visit())
    before = job.flink.state_field("z-scores-v1")["s" + ANNA]
    job.advance(at(1_000))
    assert job.flink.state_field("z-scores-v1")["s" + ANNA] == before


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
    assert job.flink.left_of("s" + ANNA) >= {"attention-v1", "z-scores-v1"}
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
    assert job.flink.left_of("s" + ANNA) == {"attention-v1"}


def test_one_timer_at_a_time_is_under_way(start: Start) -> None:
    job = start(SILENT)
    for end_s in range(10, 400, 10):
        fed(job, [session_window(end_s)])
        job.advance(at(end_s))
        assert len(job.flink.timers) == 1
