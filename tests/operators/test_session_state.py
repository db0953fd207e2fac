"""session-state.v1 through the real operators: what the lanes tell, and what is made of it."""

from typing import Any

import msgspec
import pytest

from models.session_state import ActionSeen
from schemas.commands import encode
from schemas.session_state import SessionState
from tests.operators.conftest import Start
from tests.support.builders import ANNA, BEN, FILM, SESSION_END_S, at, rule, session_window, trigger_event
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import commands, fed
from udfs.session_state import SessionStates

CALM = rule(when=[{"feature": "idle_ms", "below": 5_000}])
CLICKED = rule(id="clicked", lane="event", when=[{"event": "type", "equals": "click"}])


def told(emitted: list[Any]) -> list[tuple[str, str, str]]:
    """(session, kind, JSON) of what was told, of all that an operator emitted."""
    rows = [each[1] for each in emitted if isinstance(each, tuple) and each[0].tag_id == "told"]
    return [(session, kind, body) for session, (kind, body) in rows]


def seen(event_id: str, at_s: float, session: str = ANNA) -> tuple[str, str, str]:
    event = ActionSeen(session, event_id, "click", at(at_s), "anna", FILM, "phone", "de", "AT")
    return session, "seen", msgspec.json.encode(event).decode()


def states(job: Running, rows: list[tuple[str, str, str]]) -> list[SessionState]:
    records = [record for session, kind, body in rows for record in job.send(session, (kind, body))]
    found = [msgspec.json.decode(body, type=SessionState) for _, body in records]
    assert [key for key, _ in records] == [state.session_id.encode() for state in found]
    return found


@pytest.fixture
def job() -> Running:
    return Running(SessionStates())


def test_windows_tell_their_scores_once_a_minute(start: Start) -> None:
    job = start(emit_scores=True)
    rows = told(fed(job, [session_window(end_s) for end_s in range(60, 190, 10)]))
    assert [(session, kind) for session, kind, _ in rows] == [(ANNA, "scored")] * 3
    scored = msgspec.json.decode(rows[-1][2])
    assert (scored["at_ms"], scored["user_id"], scored["content_type"]) == (at(180), "anna", "news")
    assert 0 < scored["scores"]["isolation_forest"] < 1
    assert scored["scores"].keys() >= {"z_click_rate", "z_engaged_ms"}


def test_silence_has_no_scores_and_its_timer_emits_commands_alone(start: Start) -> None:
    job = start(rule(id="quiet", when=[{"feature": "silence_ms", "above": 60_000}]), emit_scores=True)
    fed(job, [session_window(60)])
    assert commands(job.advance(at(130)))
    assert told(fed(job, [session_window(140, BEN)])) == []


def test_nobody_is_told_anything_unasked(start: Start) -> None:
    assert told(fed(start(CALM), [session_window(60, engaged_ms=0.0)])) == []


def test_a_record_holds_all_that_the_lanes_and_the_events_told(job: Running, start: Start, start_fast: Start) -> None:
    by_click = fed(start_fast(CLICKED), [trigger_event("e1", 5)])
    by_window = fed(start(CALM, emit_scores=True), [session_window(60, engaged_ms=0.0)])
    commanded = [(command.target.id, "command", encode(command).decode()) for command in commands(by_click + by_window)]
    *_, last = states(job, [seen("e1", 5), *told(by_window), *commanded])
    assert (last.session_id, last.user_id, last.updated_at_ms) == (ANNA, "anna", at(60))
    assert [(each.event_id, each.content_id) for each in last.recent] == [("e1", FILM)]
    assert [each.issued_at_ms for each in last.active] == [at(60), at(5)]
    assert last.preferences == {"device": "phone", "language": "de", "country": "AT", "content_type": "news"}
    assert last.scores["isolation_forest"] is not None


def test_each_change_is_one_record_and_a_repeat_is_none(job: Running) -> None:
    assert len(states(job, [seen("e1", 1), seen("e1", 1), seen("e2", 2), seen("e1", 1, BEN)])) == 3


def test_a_restarted_operator_goes_on_where_the_other_ended(job: Running) -> None:
    states(job, [seen("e1", 1), seen("e2", 2)])
    [state] = states(Running(SessionStates(), job.flink), [seen("e2", 2), seen("e3", 3)])
    assert [each.event_id for each in state.recent] == ["e3", "e2", "e1"]


def test_a_session_that_was_over_begins_anew(job: Running) -> None:
    states(job, [seen("e1", 0), seen("e2", 600)])
    [still] = states(job, [seen("e3", 600 + SESSION_END_S - 1)])
    assert [each.event_id for each in still.recent] == ["e3", "e2", "e1"]
    [anew] = states(job, [seen("e4", 600 + 2 * SESSION_END_S)])
    assert [each.event_id for each in anew.recent] == ["e4"]
    assert not job.flink.timers


HOUR_S = 3_600


def test_a_session_of_the_backlog_goes_on_after_an_outage_of_hours() -> None:
    """By processing time it is long over, and Flink's timers fire at once when the job is back."""
    before = Running(SessionStates())
    states(before, [seen("a", 0)])
    after = Running(SessionStates(), before.flink)
    after.pass_time(5 * HOUR_S * 1000)
    [state] = states(after, [seen("b", 60)])
    assert [action.event_id for action in state.recent] == ["b", "a"]


def test_the_state_of_a_session_that_was_over_long_ago_by_event_time_is_dropped(job: Running) -> None:
    states(job, [seen("a", 0)])
    states(job, [seen("b", HOUR_S, BEN)])
    job.pass_time(HOUR_S * 1000)
    assert set(job.flink.values["session-state-v1"]) == {ANNA, BEN}
    states(job, [seen("c", 2 * HOUR_S, BEN)])
    job.pass_time(2 * HOUR_S * 1000)
    assert set(job.flink.values["session-state-v1"]) == {BEN}
    assert len(job.flink.clock_timers) == 1
