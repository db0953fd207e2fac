"""The context of a session in the windows: told once, remembered until it is told anew or the session is over."""

import json

from tests.operators.conftest import Start
from tests.support.builders import SESSION_END_S, at, rule, session_window
from tests.support.operator_outputs import commands, fed, seconds

SLOW = rule(when=[{"context": "os", "equals": "Android"}, {"feature": "rtt_ms", "above": 300}], cooldown_s=1)
FOR_EXPERTS = rule(
    id="for-experts",
    when=[{"feature": "pages", "above": 0}],
    cooldown_s=1,
    **{"if": 'context.user_expertise == "expert"'},
)
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


def test_the_experience_of_a_reader_is_known_in_later_windows_and_after_a_restart(start: Start) -> None:
    job = start(FOR_EXPERTS)
    assert (
        fed(job, [session_window(60), session_window(70, context='{"os":"Android","user_expertise":"novice"}')]) == []
    )
    assert seconds(fed(job, [session_window(80, context='{"os":"Android","user_expertise":"expert"}')])) == [80]
    assert seconds(fed(start(FOR_EXPERTS, flink=job.flink), [session_window(90)])) == [90]


def test_state_of_a_job_that_knew_no_experience_goes_on_and_learns_of_it(start: Start) -> None:
    job = start(SLOW)
    fed(job, [session_window(60, context=CONTEXT)])
    # What release 0.2.0 wrote, to the letter: what nobody told takes no place.
    (text,) = job.flink.state_field("reading-context-v1").values()
    assert text == '{"os":"Android","country":"AT","rtt_ms":450.0,"save_data":0.0}'
    again = start(SLOW, FOR_EXPERTS, flink=job.flink)
    assert [each.source.id for each in commands(fed(again, [session_window(70)]))] == [SLOW.id]
    told = json.dumps(json.loads(CONTEXT) | {"user_expertise": "expert"})
    assert FOR_EXPERTS.id in {each.source.id for each in commands(fed(again, [session_window(80, context=told)]))}
