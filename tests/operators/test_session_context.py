"""The context of a session in the windows: told once, remembered until it is told anew or the session is over."""

import json

from tests.operators.conftest import Start
from tests.support.builders import SESSION_END_S, at, rule, session_window
from tests.support.operator_outputs import fed, seconds

SLOW = rule(when=[{"context": "os", "equals": "Android"}, {"feature": "rtt_ms", "above": 300}], cooldown_s=1)
CONTEXT = json.dumps({"os": "Android", "country": "AT", "rtt_ms": 450, "save_data": 0})


def test_what_a_page_told_holds_in_later_windows_and_after_a_restart(start: Start) -> None:
    job = start(SLOW)
    assert fed(job, [session_window(60)]) == []
    assert seconds(fed(job, [session_window(70, context=CONTEXT)])) == [70]
    assert seconds(fed(start(SLOW, flink=job.flink), [session_window(80)])) == [80]


def test_a_faster_network_is_told_and_replaces_the_slow_one(start: Start) -> None:
    job = start(SLOW)
    fed(job, [session_window(60, context=CONTEXT)])
    assert fed(job, [session_window(70, context='{"os":"Android","rtt_ms":50}')]) == []


def test_silent_windows_know_the_device_and_the_context(start: Start) -> None:
    waiting = rule(
        when=[
            {"feature": "silence_ms", "above": 70_000},
            {"context": "device", "equals": "phone"},
            {"context": "input", "equals": "touch"},
            {"context": "country", "equals": "AT"},
            {"context": "content_type", "equals": "news"},
        ],
        cooldown_s=600,
    )
    job = start(waiting)
    for end_s in range(10, 70, 10):
        assert fed(job, [session_window(end_s, first_s=0, last_s=5, context=CONTEXT)]) == []
    # The last thing the reader did was at 5 s: 70 s later it is 75 s, and the next window ends at 80 s.
    assert seconds(job.advance(at(1_000))) == [80]


def test_the_context_ends_with_the_session(start: Start) -> None:
    job = start(SLOW)
    fed(job, [session_window(60, context=CONTEXT)])
    next_s = SESSION_END_S + 180
    found = seconds(fed(job, [session_window(next_s, first_s=next_s - 59)]))
    assert found  # the silence after the first minute
    assert next_s not in found


def test_what_is_no_context_is_passed_over(start: Start) -> None:
    assert fed(start(SLOW), [session_window(60, context='{"rtt_ms": "much"}')]) == []
