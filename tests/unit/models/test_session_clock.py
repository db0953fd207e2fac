"""A session's clock. One window is a minute and ends every ten seconds."""

from models.session_clock import MAX_SILENT_WINDOWS, SESSION_END_MS, SessionClock
from tests.support.builders import EVERY_MS, WINDOW_MS, at


def session(last_event_s: float, looked_at_s: int, hidden_s: float | None = None) -> SessionClock:
    """Began with `BEGINNING` and did something at every event."""
    hidden = 0 if hidden_s is None else at(hidden_s)
    return SessionClock(at(0), at(last_event_s), at(last_event_s), at(looked_at_s), hidden)


def silent(clock: SessionClock, until_s: float) -> list[int]:
    """Ends of the silent windows, in seconds."""
    ends = clock.silent_windows(at(until_s), WINDOW_MS, EVERY_MS)
    return [(end - at(0)) // 1000 for end in ends]


def wake_s(clock: SessionClock) -> float:
    return (clock.next_timer_ms(WINDOW_MS, EVERY_MS) - at(0)) / 1000


#   0s        10s       20s      ...      70s       80s       90s
#        a (at 15 s)
#   (-20 ------- 40]                           several windows hold a: they end at 20, 30, ... 70 s
#             (10 ---------------------- 70]   the last of them
#                       (20 --------------------- 80]   silent
#                                 (30 --------------------- 90]   silent
def test_windows_after_the_last_with_events_are_silent() -> None:
    clock = session(last_event_s=15, looked_at_s=70)
    assert clock.last_window_with_events(WINDOW_MS, EVERY_MS) == at(70)
    assert silent(clock, until_s=79) == []
    assert silent(clock, until_s=80) == [80]
    assert silent(clock, until_s=95) == [80, 90]


#   0s        10s       20s      ...      70s       80s
#             a (at 10 s)
#             (10 ---------------------- 70]      a window holds its beginning, not its end
def test_an_event_on_a_boundary_lies_in_the_window_that_begins_there() -> None:
    assert session(10, 70).last_window_with_events(WINDOW_MS, EVERY_MS) == at(70)
    assert session(9.999, 60).last_window_with_events(WINDOW_MS, EVERY_MS) == at(60)


#   15s    70s    80s    90s   100s
#   a      rows   seen   seen   new
def test_a_silent_window_is_looked_at_once() -> None:
    assert silent(session(last_event_s=15, looked_at_s=90), until_s=105) == [100]


#   15s    30s    ...    70s    80s
#   a      row           row    silent      rows for 40 ... 70 s are still to come by themselves
def test_windows_that_hold_events_are_never_silent() -> None:
    assert silent(session(last_event_s=15, looked_at_s=30), until_s=80) == [80]


#   15s    70s    80s ....... 250s    260s
#   a      row    18 silent windows   nobody looks any more
def test_only_three_minutes_of_silence_are_watched() -> None:
    ends = silent(session(last_event_s=15, looked_at_s=70), until_s=3_000)
    assert ends == list(range(80, 260, 10))
    assert len(ends) == MAX_SILENT_WINDOWS


def test_it_wakes_at_each_silent_window_and_at_last_when_the_session_is_over() -> None:
    assert wake_s(session(last_event_s=15, looked_at_s=20)) == 80
    assert wake_s(session(last_event_s=15, looked_at_s=70)) == 80
    assert wake_s(session(last_event_s=15, looked_at_s=240)) == 250
    assert wake_s(session(last_event_s=15, looked_at_s=250)) == 15 + 1_800


def test_a_page_that_was_hidden_last_is_not_watched() -> None:
    closed = session(last_event_s=15, looked_at_s=70, hidden_s=16)
    assert silent(closed, until_s=3_000) == []
    assert wake_s(closed) == 15 + 1_800


def test_a_page_that_tells_its_last_scroll_while_it_is_left_is_not_watched() -> None:
    closed = session(last_event_s=15, looked_at_s=70, hidden_s=15)
    assert closed.is_page_hidden
    assert silent(closed, until_s=500) == []


def test_a_page_that_was_hidden_before_the_last_interaction_is_watched() -> None:
    assert silent(session(last_event_s=15, looked_at_s=70, hidden_s=12), until_s=80) == [80]


def test_a_session_is_over_half_an_hour_after_its_last_event() -> None:
    clock = session(last_event_s=15, looked_at_s=70)
    assert SESSION_END_MS == 1_800_000
    assert not clock.is_over(at(15) + 1_799_999)
    assert clock.is_over(at(15) + 1_800_000)
